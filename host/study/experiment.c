/* Columns are told by the unit at the end of their name: capacity_mah_cm2, "Q [Ah/m2]", "Voltage (V)". */
#include "study/experiment.h"

#include "core/file.h"
#include "core/memory.h"
#include "core/number.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 16, FILE_BYTES = 64 << 20, WORD = 80 };

typedef enum quantity { CAPACITY, VOLTAGE, CURRENT, QUANTITIES } quantity;

/* Longer units first: "mv" ends in "v". */
static const struct {
    const char *unit; /* lower case, without blanks, brackets, '_', '^' and '-' */
    quantity what;
    double factor;
} units[] = {{"mah/cm2", CAPACITY, 1.0}, {"mahcm2", CAPACITY, 1.0}, {"ah/m2", CAPACITY, 0.1}, {"ahm2", CAPACITY, 0.1},
             {"ma/cm2", CURRENT, 1.0},   {"macm2", CURRENT, 1.0},   {"a/m2", CURRENT, 0.1},   {"am2", CURRENT, 0.1},
             {"mv", VOLTAGE, 1e-3},      {"v", VOLTAGE, 1.0}};

typedef struct table {
    const char *path;
    int32_t columns;
    int32_t what[COLUMNS]; /* quantity; -1: not looked at */
    double factor[COLUMNS];
} table;

/* A unit stands apart from what is before it: "krylov" is no voltage. begins: where a word begins in it. */
static bool ends_in(const char *word, const bool *begins, const char *ending)
{
    const size_t a = strlen(word), b = strlen(ending);
    return a >= b && begins[a - b] && strcmp(word + a - b, ending) == 0;
}

static vly_status read_column(table *t, const char *name, size_t length)
{
    char word[WORD] = "";
    bool begins[WORD];
    size_t at = 0;
    for (size_t i = 0; i < length && at + 1 < sizeof word; i++) {
        const int c = tolower((unsigned char)name[i]);
        if (strchr(" []()_^-\"\r", c)) continue;
        begins[at] = i == 0 || !isalpha((unsigned char)name[i - 1]);
        word[at++] = (char)c;
    }
    word[at] = 0;
    if (t->columns == COLUMNS)
        return vly_fail(VLY_EDATA, "%s: more than %d columns, capacity and voltage expected", t->path, COLUMNS);
    t->what[t->columns] = -1;
    for (size_t u = 0; u < sizeof units / sizeof *units && t->what[t->columns] < 0; u++)
        if (ends_in(word, begins, units[u].unit)) {
            t->what[t->columns] = (int32_t)units[u].what;
            t->factor[t->columns] = units[u].factor;
        }
    t->columns++;
    return VLY_OK;
}

static vly_status read_header(table *t, const char *line, size_t length)
{
    bool there[QUANTITIES] = {false};
    for (const char *end = line + length; line <= end;) {
        const size_t span = strcspn(line, ",;\n"), cell = line + span > end ? (size_t)(end - line) : span;
        VLY_TRY(read_column(t, line, cell));
        line += cell + 1;
    }
    for (int32_t c = 0; c < t->columns; c++)
        if (t->what[c] >= 0) there[t->what[c]] = true;
    if (there[CAPACITY] && there[VOLTAGE]) return VLY_OK;
    return vly_fail(VLY_EDATA, "%s: no column of %s; a header such as capacity_mah_cm2,voltage_v expected", t->path,
                    there[CAPACITY] ? "the voltage in V or mV" : "the capacity in mAh/cm2 or Ah/m2");
}

static vly_status read_row(vly_experiment *out, const table *t, const char *line, int64_t number)
{
    double values[QUANTITIES] = {[CURRENT] = NAN};
    for (int32_t c = 0; c < t->columns; c++) {
        double value;
        while (*line == ' ') line++;
        if (t->what[c] >= 0 && !vly_number_read(&line, &value))
            return vly_fail(VLY_EDATA, "%s:%lld: a number expected in column %d", t->path, (long long)number, c + 1);
        if (t->what[c] >= 0) values[t->what[c]] = value * t->factor[c];
        line += strcspn(line, ",;\n");
        if (*line == ',' || *line == ';') line++;
    }
    out->capacity[out->count] = values[CAPACITY];
    out->voltage[out->count] = values[VOLTAGE];
    out->current[out->count++] = fabs(values[CURRENT]);
    return VLY_OK;
}

static vly_status read_text(vly_experiment *out, const char *text, const char *path)
{
    table t = {.path = path};
    int64_t lines = 1, number = 1;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    VLY_TRY(VLY_NEW(&out->capacity, lines, "measured curve"));
    VLY_TRY(VLY_NEW(&out->voltage, lines, "measured curve"));
    VLY_TRY(VLY_NEW(&out->current, lines, "measured curve"));
    VLY_TRY(read_header(&t, text, strcspn(text, "\n")));
    for (const char *line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        number++;
        if (line[1] == '\n' || line[1] == '\r' || line[1] == '#') continue;
        VLY_TRY(read_row(out, &t, line + 1, number));
    }
    return out->count > 0 ? VLY_OK : vly_fail(VLY_EDATA, "%s: no numbers under its header", path);
}

vly_status vly_experiment_read(vly_experiment *out, const char *path)
{
    char *text;
    *out = (vly_experiment){.count = 0};
    VLY_TRY(vly_file_text(&text, path, FILE_BYTES));
    vly_status status = read_text(out, text, path);
    vly_free(text);
    if (status != VLY_OK) vly_experiment_free(out);
    return status;
}

void vly_experiment_free(vly_experiment *e)
{
    vly_free(e->capacity);
    vly_free(e->voltage);
    vly_free(e->current);
    *e = (vly_experiment){.count = 0};
}
