/* Small half-cell geometries that several subjects are tested on. */
#ifndef VLY_CELL_GEOMETRY_H
#define VLY_CELL_GEOMETRY_H

#include "cell/domain.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SC10_VOXELS = 25 * 30, SC10_LAYERS = 8 };

static const double SC10_VOXEL = 0.642e-6;

/* The spec's golden geometry (electrochemistry 7.11): a quarter of touching spheres in a simple cubic lattice, carbon-binder
 * in the necks. labels: (30, 5, 5), k = 0 at the collector. */
static inline void test_sc10(uint8_t labels[SC10_VOXELS])
{
    double score[SC10_VOXELS];
    for (int i = 0; i < SC10_VOXELS; i++) {
        double z = i / 25 + 0.5, y = i / 5 % 5 + 0.5, x = i % 5 + 0.5, first = 1e9, second = 1e9;
        for (int c = 0; c < 20; c++) {
            double dz = z - (5 + 10 * (c / 4 - 1)), dy = y - 10 * (c / 2 % 2), dx = x - 10 * (c % 2);
            double d = sqrt(dz * dz + dy * dy + dx * dx);
            if (d < first) {
                second = first;
                first = d;
            } else if (d < second) {
                second = d;
            }
        }
        labels[i] = first <= 5.24 ? VLY_AM : VLY_PORE;
        score[i] = first <= 5.24 ? 1e9 : round(1e6 * (first + second)) / 1e6;
    }
    for (int n = 0; n < 173; n++) {
        int best = 0;
        for (int i = 1; i < SC10_VOXELS; i++)
            if (score[i] < score[best]) best = i;
        labels[best] = VLY_CBD;
        score[best] = 1e9;
    }
}

/* Its separator: 8 layers that grow by 1.5. */
static inline void test_sc10_separator(double layer[SC10_LAYERS])
{
    for (int k = 0; k < SC10_LAYERS; k++) layer[k] = SC10_VOXEL * pow(1.5, k + 1);
}

static inline vly_source *test_labels(const uint8_t *labels, vly_extent e, double voxel)
{
    const vly_voxel_size size = {voxel, voxel, voxel, VLY_SIZE_GIVEN, "test"};
    vly_source *source;
    ck_assert_int_eq(vly_source_memory(&source, labels, VLY_U8, e, &size), VLY_OK);
    return source;
}

/* As the spec has it; the collector is at the low end of the volume. */
static const vly_domain_options TEST_DOMAIN = {.through = {2, true},
                                               .separator_layers = 1,
                                               .separator_thickness = 1e-6,
                                               .area = VLY_AREA_RAW,
                                               .separator_share = 0.9,
                                               .separator_gamma = 0.75,
                                               .binder_share = 0.5,
                                               .binder_gamma = 0.06,
                                               .binder_sigma = 10.0};

static inline vly_status test_try_domain(vly_domain *domain, vly_cell_network *network, const uint8_t *labels,
                                         vly_extent e, double voxel, const vly_domain_options *options)
{
    vly_device *device = test_cpu(2);
    vly_source *source = test_labels(labels, e, voxel);
    vly_status status = vly_domain_create(domain, device, source, options);
    if (status == VLY_OK) status = vly_domain_network(network, device, domain, options);
    vly_source_close(source);
    vly_device_close(device);
    return status;
}

static inline void test_domain(vly_domain *domain, vly_cell_network *network, const uint8_t *labels, vly_extent e,
                               double voxel, const vly_domain_options *options)
{
    vly_status status = test_try_domain(domain, network, labels, e, voxel, options);
    ck_assert_msg(status == VLY_OK, "%s", vly_error_message());
}

/* The network of G0 to G2. */
static inline void test_sc10_network(vly_domain *domain, vly_cell_network *network)
{
    uint8_t labels[SC10_VOXELS];
    double layer[SC10_LAYERS];
    vly_domain_options options = TEST_DOMAIN;
    test_sc10(labels);
    test_sc10_separator(layer);
    options.separator_layers = SC10_LAYERS;
    options.separator_layer = layer;
    test_domain(domain, network, labels, (vly_extent){5, 5, 30}, SC10_VOXEL, &options);
}

#endif
