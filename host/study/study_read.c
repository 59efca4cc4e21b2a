/* From the YAML tree to a study. Every key that is not part of the frame (version, input, samples, ...) is an option of the
 * table behind the command line, so that a study file can say whatever a command can. */
#include "study/study_impl.h"

#include "core/file.h"
#include "core/memory.h"
#include "study/yaml.h"

#include <stdio.h>
#include <string.h>

static const char groups[] = "cell impedance fit";
static const char study_words[] = "version input samples suspensions methods cell impedance fit";
static const char sample_words[] = "name grey truth trinarised suspensions density methods cell impedance fit";

/* ---- values ---- */

/* The value as the command line would have it: [a, b] is "a,b", {am: x, cbd: y} is "am=x,cbd=y". */
static vly_status flatten(const vly_yaml *entry, char text[VLY_PATH_BYTES])
{
    size_t at = 0;
    text[0] = 0;
    if (entry->kind == VLY_YAML_SCALAR) {
        int needed = snprintf(text, VLY_PATH_BYTES, "%s", entry->text);
        return needed < VLY_PATH_BYTES ? VLY_OK : vly_yaml_fail(entry, "%s: the value is too long", entry->key);
    }
    for (const vly_yaml *part = entry->first; part; part = part->next) {
        if (part->kind != VLY_YAML_SCALAR) return vly_yaml_fail(part, "%s: a plain value expected", entry->key);
        int needed = snprintf(text + at, VLY_PATH_BYTES - at, "%s%s%s%s", at > 0 ? "," : "", part->key ? part->key : "",
                              part->key ? "=" : "", part->text);
        if ((size_t)needed >= VLY_PATH_BYTES - at) return vly_yaml_fail(entry, "%s: the value is too long", entry->key);
        at += (size_t)needed;
    }
    return VLY_OK;
}

/* A relative path is one from the study file's folder. */
static vly_status resolve(char **out, const vly_yaml *at, const char *path)
{
    char *folder = NULL, *real = NULL;
    if (path[0] == '/') return vly_strdup(out, path);
    const char *slash = strrchr(at->path, '/');
    VLY_TRY(slash ? vly_format(&folder, "%.*s/", (int)(slash - at->path), at->path) : vly_strdup(&folder, "."));
    vly_status status = vly_path_real(&real, folder);
    if (status == VLY_OK) status = vly_format(out, "%s/%s", real, path);
    vly_free(folder);
    vly_free(real);
    return status;
}

static vly_status refuse_key(const vly_yaml *entry, const char *frame)
{
    char hint[96], words[VLY_SETTINGS_MOST * 32];
    size_t at = (size_t)snprintf(words, sizeof words, "%s", frame);
    for (int32_t i = 0; i < vly_option_count() && at < sizeof words; i++) {
        const vly_option *option = vly_option_at(i);
        if (vly_option_belongs(option, "run"))
            at += (size_t)snprintf(words + at, sizeof words - at, " %s", option->key);
    }
    for (char *c = words; *c; c++)
        if (*c == '-') *c = '_';
    return vly_yaml_fail(entry, "%s: no such key%s", entry->key, vly_word_hint(hint, entry->key, words));
}

static vly_status set_option(vly_settings *settings, const vly_yaml *entry, const char *frame)
{
    char text[VLY_PATH_BYTES], origin[VLY_ORIGIN_BYTES];
    const char *key = strcmp(entry->key, "methods") == 0 ? "method" : entry->key;
    const int32_t option = vly_option_find("run", key);
    if (option < 0) return refuse_key(entry, frame);
    VLY_TRY(flatten(entry, text));
    const char *path = entry->path, *slash = strrchr(path, '/');
    if (slash && strlen(path) + 24 > sizeof origin) path = slash + 1;
    snprintf(origin, sizeof origin, "%.100s:%d:%d", path, entry->line, entry->column);
    const char *name = vly_option_at(option)->key; /* with '-' where the file may have '_' */
    if (*text && (vly_option_is_input(name) || vly_listed("scratch events output", name))) {
        char *absolute;
        VLY_TRY(resolve(&absolute, entry, text));
        vly_status status = vly_settings_set(settings, "run", key, absolute, origin);
        vly_free(absolute);
        return status;
    }
    return vly_settings_set(settings, "run", key, text, origin);
}

/* `methods` in the group `cell` is the option cell-methods, and what has no such option is the option itself. */
static vly_status set_in_group(vly_settings *settings, const vly_yaml *entry, const char *group, const char *frame)
{
    char key[80];
    vly_yaml own = *entry;
    snprintf(key, sizeof key, "%s-%.60s", group, entry->key ? entry->key : "");
    if (vly_option_find("run", key) >= 0) own.key = key;
    return set_option(settings, &own, frame);
}

/* Options, or a group of them: `cell: {current: [1, 6], gamma_cbd: 0.06}` says the same as its keys alone. */
static vly_status set_options(vly_settings *settings, const vly_yaml *entry, const char *frame)
{
    if (!vly_listed(groups, entry->key)) return set_option(settings, entry, frame);
    if (entry->kind != VLY_YAML_MAPPING) return vly_yaml_fail(entry, "%s: a mapping of its keys expected", entry->key);
    for (const vly_yaml *part = entry->first; part; part = part->next)
        VLY_TRY(set_in_group(settings, part, entry->key, frame));
    return VLY_OK;
}

/* ---- samples ---- */

bool vly_is_name(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return *text && strlen(text) <= VLY_NAME_MAX && !text[strspn(text, letters)];
}

static vly_status check_name(const vly_yaml *entry, const vly_study *study)
{
    const char *name = entry->text;
    if (entry->kind != VLY_YAML_SCALAR || !vly_is_name(name))
        return vly_yaml_fail(entry, "name: up to %d letters, digits, _ and - expected", VLY_NAME_MAX);
    if (vly_listed("labels segment describe curves cell pieces figures transport learn impedance bpx", name))
        return vly_yaml_fail(entry, "name: %s is a folder of every study, another name expected", name);
    for (int32_t i = 0; i < study->count; i++)
        if (study->samples[i].name && strcmp(study->samples[i].name, name) == 0)
            return vly_yaml_fail(entry, "name: a sample called %s is there already", name);
    return VLY_OK;
}

static vly_status read_path(char **out, const vly_yaml *entry, const char *what)
{
    if (entry->kind != VLY_YAML_SCALAR || !*entry->text)
        return vly_yaml_fail(entry, "%s: the path of a volume expected", what);
    return resolve(out, entry, entry->text);
}

/* One file, or one for each method by its name. */
static vly_status read_given(vly_sample *sample, const vly_yaml *entry)
{
    if (entry->kind == VLY_YAML_SCALAR) return read_path(&sample->given[VLY_METHOD_GIVEN], entry, "trinarised");
    for (const vly_yaml *one = entry->first; one; one = one->next) {
        vly_method m = 0;
        while (one->key && m < VLY_TRINARISATIONS && strcmp(vly_method_name(m), one->key) != 0) m++;
        if (!one->key || m == VLY_TRINARISATIONS)
            return vly_yaml_fail(one, "trinarised: a file, or files by the names of methods (kmeans: FILE), expected");
        VLY_TRY(read_path(&sample->given[m], one, one->key));
    }
    return VLY_OK;
}

static vly_status read_sample_key(vly_study *study, vly_sample *sample, const vly_yaml *entry)
{
    if (strcmp(entry->key, "name") == 0) {
        VLY_TRY(check_name(entry, study));
        return vly_strdup(&sample->name, entry->text);
    }
    if (strcmp(entry->key, "grey") == 0) return read_path(&sample->grey, entry, "grey");
    if (strcmp(entry->key, "truth") == 0) return read_path(&sample->truth, entry, "truth");
    if (strcmp(entry->key, "trinarised") == 0) return read_given(sample, entry);
    if (strcmp(entry->key, "suspensions") == 0) return vly_layers_read(&sample->coating, &study->suspensions, entry);
    if (strcmp(entry->key, "density") == 0) return vly_density_read(&sample->coating, entry);
    int32_t option = vly_option_find("run", entry->key);
    if (option >= 0 && vly_option_is_machine(vly_option_at(option)->key))
        return vly_yaml_fail(entry, "%s: concerns the whole study, at its top level expected", entry->key);
    return set_options(&sample->settings, entry, sample_words);
}

static uint32_t given_bits(const vly_sample *sample)
{
    uint32_t given = 0;
    for (vly_method m = 0; m < VLY_TRINARISATIONS; m++) given |= sample->given[m] ? 1u << m : 0;
    return given;
}

/* Without a grey volume there is nothing to run a method on. */
static void add_given(vly_sample *sample)
{
    const uint32_t given = given_bits(sample);
    sample->settings.methods = given | (sample->grey ? vly_settings_methods(&sample->settings) : 0);
}

static vly_status read_sample(vly_study *study, vly_sample *sample, const vly_yaml *node, const vly_settings *given)
{
    const bool single = study->count == 1;
    sample->settings = study->settings;
    if (node->kind == VLY_YAML_SEQUENCE)
        return vly_yaml_fail(node, "a volume's path, or a mapping with `grey` or `trinarised`, expected");
    if (node->kind == VLY_YAML_SCALAR) VLY_TRY(read_path(&sample->grey, node, node->key ? node->key : "sample"));
    for (const vly_yaml *entry = node->first; entry; entry = entry->next)
        VLY_TRY(read_sample_key(study, sample, entry));
    if (!sample->name && !single) return vly_yaml_fail(node, "name is missing: there are several samples");
    if (!sample->name) VLY_TRY(vly_strdup(&sample->name, "sample"));
    VLY_TRY(single ? vly_strdup(&sample->folder, "") : vly_format(&sample->folder, "%s/", sample->name));
    if (given) vly_settings_merge(&sample->settings, given);
    add_given(sample);
    if (sample->settings.methods == 0)
        return vly_yaml_fail(node, "grey is missing: the path of the sample's volume expected, or `trinarised` labels");
    if (sample->settings.methods >> VLY_METHOD_EDX_CLOSING & 1 && !*sample->settings.edx &&
        !sample->given[VLY_METHOD_EDX_CLOSING])
        return vly_yaml_fail(node, "sample %s: edx-closing without EDX data, `edx: MAP.tif` or PROFILE.csv expected",
                             sample->name);
    return VLY_OK;
}

static vly_status read_samples(vly_study *study, const vly_yaml *root, const vly_settings *given)
{
    const vly_yaml *input = vly_yaml_find(root, "input"), *samples = vly_yaml_find(root, "samples");
    if (input && samples) return vly_yaml_fail(samples, "samples: there is an input already, one of the two expected");
    if (!input && !samples) return vly_yaml_fail(root, "neither input nor samples is there, one of them expected");
    if (samples && (samples->kind != VLY_YAML_SEQUENCE || !samples->first))
        return vly_yaml_fail(samples, "samples: a list of samples expected");
    const vly_yaml *first = input ? input : samples->first;
    study->count = 0;
    for (const vly_yaml *node = first; node && !(input && node != input); node = node->next) study->count++;
    if (study->count > VLY_STUDY_SAMPLES_MAX)
        return vly_yaml_fail(samples, "samples: %d, at most %d expected", study->count, VLY_STUDY_SAMPLES_MAX);
    VLY_TRY(VLY_NEW(&study->samples, study->count, "samples"));
    const vly_yaml *node = first;
    for (int32_t i = 0; node && i < study->count; i++, node = node->next)
        VLY_TRY(read_sample(study, &study->samples[i], node, given));
    return VLY_OK;
}

/* ---- the whole ---- */

static vly_status check_frame(const vly_yaml *root)
{
    if (root->kind != VLY_YAML_MAPPING) return vly_yaml_fail(root, "a mapping with `version: 1` expected");
    const vly_yaml *version = vly_yaml_find(root, "version");
    if (!version) return vly_yaml_fail(root, "version is missing, `version: 1` expected");
    if (version->kind != VLY_YAML_SCALAR || strcmp(version->text, "1") != 0)
        return vly_yaml_fail(version, "version: 1 is the only version there is");
    return VLY_OK;
}

static vly_status read_root(vly_study *study, const vly_yaml *root, const vly_settings *given)
{
    VLY_TRY(check_frame(root));
    vly_settings_defaults(&study->settings);
    for (const vly_yaml *entry = root->first; entry; entry = entry->next)
        if (strcmp(entry->key, "suspensions") == 0)
            VLY_TRY(vly_suspensions_read(&study->suspensions, entry));
        else if (!vly_listed("version input samples", entry->key))
            VLY_TRY(set_options(&study->settings, entry, study_words));
    VLY_TRY(read_samples(study, root, given));
    if (given) vly_settings_merge(&study->settings, given);
    return VLY_OK;
}

vly_status vly_study_read(vly_study **out, const char *path, const vly_settings *given)
{
    vly_yaml *root = NULL;
    vly_study *study = NULL;
    *out = NULL;
    vly_status status = vly_yaml_read(&root, path);
    if (status == VLY_OK) status = VLY_NEW(&study, 1, path);
    if (status == VLY_OK) status = read_root(study, root, given);
    vly_yaml_free(root);
    if (status == VLY_OK)
        *out = study;
    else
        vly_study_free(study);
    return status;
}

void vly_study_free(vly_study *study)
{
    if (!study) return;
    for (int32_t i = 0; study->samples && i < study->count; i++) {
        vly_sample *sample = &study->samples[i];
        vly_free(sample->name);
        vly_free(sample->folder);
        vly_free(sample->grey);
        vly_free(sample->truth);
        for (int m = 0; m < VLY_TRINARISATIONS; m++) vly_free(sample->given[m]);
    }
    vly_free(study->samples);
    vly_suspensions_free(&study->suspensions);
    vly_free(study);
}

uint32_t vly_sample_methods(const vly_sample *sample)
{
    return sample->settings.methods & ~given_bits(sample);
}

int32_t vly_sample_cell_cutouts(const vly_sample *sample)
{
    return sample->settings.cell_cutouts > 0 ? sample->settings.cell_cutouts : sample->settings.cutouts;
}

const char *vly_sample_volume(const vly_sample *sample)
{
    int m = 0;
    if (sample->grey) return sample->grey;
    while (!sample->given[m]) m++;
    return sample->given[m];
}

vly_status vly_study_settings(vly_settings *out, const char *study_path, const vly_settings *given)
{
    vly_study *study;
    VLY_TRY(vly_study_read(&study, study_path, given));
    *out = study->settings;
    vly_study_free(study);
    return VLY_OK;
}
