#include "cell/bpx.h"

const char *const vly_bpx_section_names[VLY_BPX_SECTIONS] = {
    [VLY_BPX_CELL] = "Cell",           [VLY_BPX_ELECTROLYTE] = "Electrolyte", [VLY_BPX_POSITIVE] = "Positive electrode",
    [VLY_BPX_SEPARATOR] = "Separator", [VLY_BPX_USER] = "User-defined",       [VLY_BPX_INITIAL] = "Initial conditions"};

const vly_bpx_number vly_bpx_numbers[VLY_BPX_NUMBERS] = {
    {VLY_BPX_CELL, "Lower voltage cut-off [V]", VLY_SCALAR_cutoff, true, false},
    {VLY_BPX_CELL, "Reference temperature [K]", VLY_SCALAR_reference_temperature, false, false},
    {VLY_BPX_CELL, "Ambient temperature [K]", VLY_SCALAR_temperature, false, true},
    {VLY_BPX_CELL, "Initial temperature [K]", VLY_SCALAR_temperature, false, true},
    {VLY_BPX_INITIAL, "Initial temperature [K]", VLY_SCALAR_temperature, false, false},
    {VLY_BPX_ELECTROLYTE, "Initial concentration [mol.m-3]", VLY_SCALAR_initial_concentration, false, true},
    {VLY_BPX_INITIAL, "Initial electrolyte concentration [mol.m-3]", VLY_SCALAR_initial_concentration, false, false},
    {VLY_BPX_POSITIVE, "Maximum concentration [mol.m-3]", VLY_SCALAR_maximum_concentration, true, false},
    {VLY_BPX_POSITIVE, "Minimum stoichiometry", VLY_SCALAR_initial_stoichiometry, true, false},
    {VLY_BPX_POSITIVE, "Reaction rate constant activation energy [J.mol-1]", VLY_SCALAR_exchange_activation, false,
     false},
    {VLY_BPX_POSITIVE, "Thickness [m]", VLY_SCALAR_electrode_thickness, false, false},
    {VLY_BPX_POSITIVE, "Porosity", VLY_SCALAR_electrode_porosity, false, false},
    {VLY_BPX_POSITIVE, "Transport efficiency", VLY_SCALAR_electrode_gamma, false, false},
    {VLY_BPX_POSITIVE, "Conductivity [S.m-1]", VLY_SCALAR_electrode_conductivity, false, false},
    {VLY_BPX_POSITIVE, "Particle radius [m]", VLY_SCALAR_particle_radius, false, false},
    {VLY_BPX_SEPARATOR, "Thickness [m]", VLY_SCALAR_separator_thickness, true, false},
    {VLY_BPX_SEPARATOR, "Porosity", VLY_SCALAR_separator_porosity, true, false},
    {VLY_BPX_SEPARATOR, "Transport efficiency", VLY_SCALAR_separator_gamma, true, false},
    {VLY_BPX_USER, "CBD inner porosity", VLY_SCALAR_cbd_porosity, false, false},
    {VLY_BPX_USER, "CBD ionic gamma", VLY_SCALAR_cbd_gamma, false, false},
    {VLY_BPX_USER, "CBD electronic conductivity [S.m-1]", VLY_SCALAR_cbd_conductivity, false, false},
    {VLY_BPX_USER, "CBD internal surface [m-1]", VLY_SCALAR_cbd_surface, false, false},
    {VLY_BPX_USER, "DL capacitance CBD [F.m-2]", VLY_SCALAR_cbd_capacitance, false, false},
    {VLY_BPX_USER, "DL capacitance AM [F.m-2]", VLY_SCALAR_am_capacitance, false, false},
    {VLY_BPX_USER, "DL capacitance collector [F.m-2]", VLY_SCALAR_collector_capacitance, false, false},
    {VLY_BPX_USER, "Blocking electrolyte conductivity [S.m-1]", VLY_SCALAR_blocking_conductivity, false, false},
    {VLY_BPX_USER, "Film resistance [Ohm.m2]", VLY_SCALAR_film_resistance, false, false},
    {VLY_BPX_USER, "Exchange current exponent", VLY_SCALAR_exchange_power, false, false},
    {VLY_BPX_USER, "Li exchange current density [A.m-2]", VLY_SCALAR_lithium_exchange, false, false},
};

const vly_bpx_law vly_bpx_laws[VLY_BPX_LAWS] = {
    {VLY_LAW_TRANSFERENCE, VLY_BPX_ELECTROLYTE, "Cation transference number", NULL, true},
    {VLY_LAW_TRANSFERENCE, VLY_BPX_USER, "Cation transference number function", NULL, false},
    {VLY_LAW_FACTOR, VLY_BPX_USER, "TDF", NULL, false},
    {VLY_LAW_DIFFUSIVITY, VLY_BPX_ELECTROLYTE, "Diffusivity [m2.s-1]", "Diffusivity activation energy [J.mol-1]", true},
    {VLY_LAW_CONDUCTIVITY, VLY_BPX_ELECTROLYTE, "Conductivity [S.m-1]", "Conductivity activation energy [J.mol-1]",
     true},
    {VLY_LAW_OCP, VLY_BPX_POSITIVE, "OCP [V]", NULL, true},
    {VLY_LAW_OCP, VLY_BPX_POSITIVE, "OCP (lithiation) [V]", NULL, false},
    {VLY_LAW_SOLID_DIFFUSIVITY, VLY_BPX_POSITIVE, "Diffusivity [m2.s-1]", "Diffusivity activation energy [J.mol-1]",
     true},
    {VLY_LAW_SOLID_CONDUCTIVITY, VLY_BPX_USER, "AM conductivity [S.m-1]", NULL, false},
};
