/* eagercl-info: what the library sees of this machine. */
#include "eagercl_info.h"

#include <stdio.h>
#include <string.h>

#include <eagercl/eagercl.h>

static const char usage[] =
    "usage: eagercl-info [--json] [--verbose] [--ops] [--help]\n"
    "Lists the OpenCL devices of this machine by their names, and what was skipped.\n"
    "  --json     as one JSON object\n"
    "  --verbose  everything that is known of each device\n"
    "  --ops      also the ops: inputs, attributes and dtypes\n"
    "  --help     this text\n";

typedef struct options {
  bool json, verbose, ops, help;
} options;

/* --- The table. --- */

enum { COLUMNS = 10, CELL = 160 };

static const char *const titles[COLUMNS] = {"NAME",   "TYPE",   "DEVICE", "PLATFORM",
                                            "DRIVER", "MEMORY", "UNITS",  "FP64",
                                            "FP16",   "ID"};

const char *info_type_name(eager_device_type type) {
  if (type == EAGER_DEVICE_CPU) return "CPU";
  return type == EAGER_DEVICE_GPU ? "GPU" : "ACCELERATOR";
}

static void format_size(uint64_t bytes, char *text, size_t size) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = (double)bytes;
  int unit = 0;
  for (; value >= 1024.0 && unit < 5; unit++) value /= 1024.0;
  snprintf(text, size, value < 10.0 && unit > 0 ? "%.1f %s" : "%.0f %s", value,
           units[unit]);
}

static void fill_row(const eager_device_info *info, char row[COLUMNS][CELL]) {
  snprintf(row[0], CELL, "%s", info->short_name);
  snprintf(row[1], CELL, "%s%s", info_type_name(info->type),
           info->is_simulator ? " (simulator)" : "");
  snprintf(row[2], CELL, "%s", info->device);
  snprintf(row[3], CELL, "%s", info->platform);
  snprintf(row[4], CELL, "%s", info->driver_version);
  format_size(info->global_memory, row[5], CELL);
  snprintf(row[6], CELL, "%u", (unsigned)info->compute_units);
  snprintf(row[7], CELL, "%s", info->has_float64 ? "yes" : "no");
  snprintf(row[8], CELL, "%s", info->has_float16_arithmetic ? "yes" : "no");
  snprintf(row[9], CELL, "%s", info->stable_id);
}

static void print_row(const int *widths, char row[COLUMNS][CELL]) {
  for (int i = 0; i < COLUMNS - 1; i++) printf("%-*s  ", widths[i], row[i]);
  printf("%s\n", row[COLUMNS - 1]);
}

static bool print_table(void) {
  char row[COLUMNS][CELL];
  int widths[COLUMNS];
  size_t count = eager_physical_device_count();
  for (int i = 0; i < COLUMNS; i++) widths[i] = (int)strlen(titles[i]);
  for (size_t device = 0; device < count; device++) {
    const eager_device_info *info;
    if (eager_physical_device_get(device, &info) != EAGER_OK) return false;
    fill_row(info, row);
    for (int i = 0; i < COLUMNS; i++)
      if ((int)strlen(row[i]) > widths[i]) widths[i] = (int)strlen(row[i]);
  }
  for (int i = 0; i < COLUMNS; i++) snprintf(row[i], CELL, "%s", titles[i]);
  if (count > 0) print_row(widths, row);
  for (size_t device = 0; device < count; device++) {
    const eager_device_info *info;
    if (eager_physical_device_get(device, &info) != EAGER_OK) return false;
    fill_row(info, row);
    print_row(widths, row);
  }
  return true;
}

/* --- Everything about each. --- */

static void print_memory(const char *what, uint64_t bytes) {
  char text[CELL];
  format_size(bytes, text, sizeof text);
  printf("  %-22s %s (%llu bytes)\n", what, text, (unsigned long long)bytes);
}

static void print_text(const char *what, const char *text) {
  printf("  %-22s %s\n", what, text);
}

static void print_flag(const char *what, bool flag) {
  print_text(what, flag ? "yes" : "no");
}

static void print_device(const eager_device_info *info) {
  printf("%s\n", info->short_name);
  print_text("full name", info->name);
  print_text("type", info_type_name(info->type));
  print_text("device", info->device);
  print_text("vendor", info->vendor);
  print_text("platform", info->platform);
  print_text("driver", info->driver_version);
  print_text("device version", info->device_version);
  print_text("stable id", info->stable_id);
  print_memory("memory", info->global_memory);
  print_memory("largest allocation", info->max_allocation);
  print_memory("local memory", info->local_memory);
  printf("  %-22s %u\n", "compute units", (unsigned)info->compute_units);
  printf("  %-22s %u\n", "largest work-group", (unsigned)info->max_work_group_size);
  print_flag("float64 arithmetic", info->has_float64);
  print_flag("float16 arithmetic", info->has_float16_arithmetic);
  print_flag("unified memory", info->unified_memory);
  print_flag("simulator", info->is_simulator);
  print_flag("asynchronous enqueue", info->has_async_enqueue);
}

static bool print_devices(void) {
  size_t count = eager_physical_device_count();
  for (size_t device = 0; device < count; device++) {
    const eager_device_info *info;
    if (eager_physical_device_get(device, &info) != EAGER_OK) return false;
    print_device(info);
  }
  return true;
}

/* --- What belongs to either. --- */

static bool print_aliases(void) {
  size_t count = eager_physical_device_count();
  for (size_t device = 0; device < count; device++) {
    const eager_device_info *info;
    if (eager_physical_device_get(device, &info) != EAGER_OK) return false;
    if (info->aliases[0] != '\0')
      printf("%s is also seen as %s\n", info->short_name, info->aliases);
  }
  return true;
}

static void print_skipped(void) {
  size_t count = eager_skipped_count();
  for (size_t i = 0; i < count; i++) printf("skipped: %s\n", eager_skipped_reason(i));
}

static bool print_ops(void) {
  size_t count = eager_op_count();
  for (size_t op = 0; op < count; op++) {
    eager_op_description about;
    if (eager_op_describe(eager_op_name(op), &about) != EAGER_OK) return false;
    printf("%s(", about.name);
    for (int i = 0; i < about.input_count; i++)
      printf("%s%s%s", i == 0 ? "" : ", ", about.input_names[i],
             i == about.variadic_input ? "..." : "");
    for (int i = 0; i < about.attr_count; i++)
      printf("%s%s%s%s", i == 0 ? "; " : ", ", about.attrs[i].name,
             about.attrs[i].default_text[0] == '\0' ? "" : "=",
             about.attrs[i].default_text);
    printf("): %s\n", about.dtypes);
  }
  return true;
}

static bool print_plain(const options *wanted) {
  if (!(wanted->verbose ? print_devices() : print_table())) return false;
  if (eager_physical_device_count() == 0)
    puts("no usable OpenCL device: packages such as pocl-opencl-icd provide one");
  if (!print_aliases()) return false;
  print_skipped();
  return !wanted->ops || print_ops();
}

static bool parse_options(int argc, char **argv, options *out) {
  const struct {
    const char *name;
    bool *flag;
  } known[] = {
      {"--json", &out->json},
      {"--verbose", &out->verbose},
      {"--ops", &out->ops},
      {"--help", &out->help},
  };
  for (int i = 1; i < argc; i++) {
    size_t k = 0;
    while (k < sizeof known / sizeof known[0] && strcmp(argv[i], known[k].name) != 0) k++;
    if (k == sizeof known / sizeof known[0]) {
      fprintf(stderr, "eagercl-info: unknown option '%s'; see --help\n", argv[i]);
      return false;
    }
    *known[k].flag = true;
  }
  return true;
}

int main(int argc, char **argv) {
  options wanted = {false, false, false, false};
  if (!parse_options(argc, argv, &wanted)) return 2;
  if (wanted.help) {
    fputs(usage, stdout);
    return 0;
  }
  bool done = wanted.json ? info_print_json(wanted.ops) : print_plain(&wanted);
  if (!done) fprintf(stderr, "eagercl-info: %s\n", eager_error_message());
  return done ? 0 : 1;
}
