/* Voronoi cells of the 26 directions on the sphere: a cell is the polygon whose corners are as near to its direction as to two
 * others and no nearer to a fourth. Its area is the sum of the triangles around the direction (Oosterom and Strackee 1983),
 * which is Girard's excess without the cancellation. */
#include "morphology/crofton.h"

#include <math.h>

enum { ENDS = 2 * VLY_DIRECTIONS, CORNERS = 64 };

static const double PI = 3.14159265358979323846;

const int32_t vly_crofton_steps[VLY_DIRECTIONS][3] = {{1, 0, 0},  {0, 1, 0},  {0, 0, 1},  {1, 1, 0},  {1, -1, 0},
                                                      {1, 0, 1},  {1, 0, -1}, {0, 1, 1},  {0, 1, -1}, {1, 1, 1},
                                                      {1, 1, -1}, {1, -1, 1}, {1, -1, -1}};

static double dot(const double a[3], const double b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(double out[3], const double a[3], const double b[3])
{
    for (int i = 0; i < 3; i++) out[i] = a[(i + 1) % 3] * b[(i + 2) % 3] - a[(i + 2) % 3] * b[(i + 1) % 3];
}

static double length(const double a[3])
{
    return sqrt(dot(a, a));
}

static void make_ends(double end[ENDS][3], const double voxel[3])
{
    for (int k = 0; k < VLY_DIRECTIONS; k++) {
        double v[3];
        for (int i = 0; i < 3; i++) v[i] = vly_crofton_steps[k][i] * voxel[i];
        double norm = length(v);
        for (int i = 0; i < 3; i++) {
            end[2 * k][i] = v[i] / norm;
            end[2 * k + 1][i] = -v[i] / norm;
        }
    }
}

/* Corner between ends u, a and b, if it is one; false if it is not, or `corner` has it already. */
static bool find_corner(double out[3], double end[ENDS][3], int u, int a, int b)
{
    double p[3], q[3];
    for (int i = 0; i < 3; i++) {
        p[i] = end[u][i] - end[a][i];
        q[i] = end[u][i] - end[b][i];
    }
    cross(out, p, q);
    double norm = length(out);
    if (norm < 1e-12) return false;
    if (dot(out, end[u]) < 0.0) norm = -norm;
    for (int i = 0; i < 3; i++) out[i] /= norm;
    for (int t = 0; t < ENDS; t++)
        if (dot(out, end[t]) > dot(out, end[u]) + 1e-12) return false;
    return true;
}

static double angle_around(const double u[3], const double v[3])
{
    /* any two vectors across u make the frame; the one least along u is a safe start */
    int least = fabs(u[0]) <= fabs(u[1]) && fabs(u[0]) <= fabs(u[2]) ? 0 : fabs(u[1]) <= fabs(u[2]) ? 1 : 2;
    double axis[3] = {least == 0, least == 1, least == 2}, e1[3], e2[3];
    cross(e1, u, axis);
    cross(e2, u, e1);
    return atan2(dot(v, e2), dot(v, e1));
}

/* Corners of the cell of end `u`, in the order of their angle around it; how many. */
static int find_corners(double corner[CORNERS][3], double end[ENDS][3], int u)
{
    double angle[CORNERS];
    int count = 0;
    for (int a = 0; a < ENDS; a++)
        for (int b = a + 1; b < ENDS && count < CORNERS; b++) {
            double c[3];
            if (a == u || b == u || !find_corner(c, end, u, a, b)) continue;
            double at = angle_around(end[u], c);
            int place = count;
            bool known = false;
            for (int i = 0; i < count; i++)
                known |= fabs(angle[i] - at) < 1e-9 || fabs(fabs(angle[i] - at) - 2 * PI) < 1e-9;
            if (known) continue;
            for (; place > 0 && angle[place - 1] > at; place--) {
                angle[place] = angle[place - 1];
                for (int i = 0; i < 3; i++) corner[place][i] = corner[place - 1][i];
            }
            angle[place] = at;
            for (int i = 0; i < 3; i++) corner[place][i] = c[i];
            count++;
        }
    return count;
}

static double triangle(const double a[3], const double b[3], const double c[3])
{
    double n[3];
    cross(n, b, c);
    return 2.0 * atan2(dot(a, n), 1.0 + dot(a, b) + dot(b, c) + dot(c, a));
}

/* Share of the sphere that is nearer to line `k` than to the others. */
static double share_of(int k, const double voxel[3])
{
    double end[ENDS][3], corner[CORNERS][3], area = 0.0;
    make_ends(end, voxel);
    int count = find_corners(corner, end, 2 * k);
    for (int i = 0; i < count; i++) area += triangle(end[2 * k], corner[i], corner[(i + 1) % count]);
    return fabs(area) / (2.0 * PI);
}

/* ---- classes ---- */

/* Direction k by its steps without their signs, axes in the order of their voxel size: directions with the same are alike. */
static void sort_steps(double size[3], int step[3], int k, const double voxel[3])
{
    for (int i = 0; i < 3; i++) {
        int at = i, s = vly_crofton_steps[k][i] != 0;
        for (; at > 0 && (size[at - 1] > voxel[i] || (size[at - 1] == voxel[i] && step[at - 1] < s)); at--) {
            size[at] = size[at - 1];
            step[at] = step[at - 1];
        }
        size[at] = voxel[i];
        step[at] = s;
    }
}

/* The direction that the sorted steps spell, signs dropped. */
static int spell(const int step[3])
{
    int k = 0;
    while (vly_crofton_steps[k][0] != step[0] || vly_crofton_steps[k][1] != step[1] ||
           vly_crofton_steps[k][2] != step[2])
        k++;
    return k;
}

void vly_crofton_make(vly_crofton *out, const double voxel[3])
{
    *out = (vly_crofton){.class_of = {0}};
    for (int k = 0; k < VLY_DIRECTIONS; k++) {
        double size[3] = {0};
        int step[3] = {0};
        sort_steps(size, step, k, voxel);
        int name = spell(step);
        out->class_of[k] = name;
        if (out->area[name] > 0.0) continue;
        double across[3] = {step[0] * size[0], step[1] * size[1], step[2] * size[2]};
        int cells = 8 >> (step[0] + step[1] + step[2]);
        /* S = 2 sum c P with P unlike pairs per length of line; there is one pair along every line for each voxel */
        out->weight[name] = share_of(name, size);
        out->area[name] = 2.0 * out->weight[name] * size[0] * size[1] * size[2] / (length(across) * cells);
    }
}

double vly_crofton_area(const vly_crofton *crofton, const int64_t *pairs)
{
    int64_t sum[VLY_DIRECTIONS] = {0};
    double area = 0.0;
    for (int k = 0; k < VLY_DIRECTIONS; k++) sum[crofton->class_of[k]] += pairs[k];
    for (int name = 0; name < VLY_DIRECTIONS; name++) area += (double)sum[name] * crofton->area[name];
    return area;
}
