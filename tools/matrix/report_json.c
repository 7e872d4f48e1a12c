/* All results as one JSON object; docs/matrix.md and tests read it by these names. */
#include "report.h"

/* What drivers print need not be UTF-8: bytes beyond ASCII become escapes of Latin-1. */
void json_put_text(FILE *file, const char *text) {
  fputc('"', file);
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      fprintf(file, "\\%c", c);
    else if (c == '\n')
      fputs("\\n", file);
    else if (c < ' ' || c > '~' || c == '<') /* a page must not see its own end */
      fprintf(file, "\\u%04x", (unsigned)c);
    else
      fputc(c, file);
  }
  fputc('"', file);
}

static void put(FILE *file, const char *key, const char *text, const char *end) {
  fprintf(file, "\"%s\": ", key);
  json_put_text(file, text);
  fputs(end, file);
}

static void put_flag(FILE *file, const char *key, bool value, const char *end) {
  fprintf(file, "\"%s\": %s%s", key, value ? "true" : "false", end);
}

static void put_device(FILE *file, const machine_device *d) {
  put(file, "name", d->name, ", ");
  put(file, "device", d->device, ", ");
  put(file, "platform", d->platform, ",\n     ");
  put(file, "vendor", d->vendor, ", ");
  put(file, "driver_version", d->driver_version, ", ");
  put(file, "opencl_version", d->device_version, ",\n     ");
  put(file, "stable_id", d->stable_id, ",\n     ");
  fprintf(file,
          "\"global_memory\": %llu, \"max_allocation\": %llu, \"local_memory\": %llu, "
          "\"compute_units\": %u, \"max_work_group_size\": %u,\n     ",
          (unsigned long long)d->global_memory, (unsigned long long)d->max_allocation,
          (unsigned long long)d->local_memory, d->compute_units, d->max_work_group_size);
  put_flag(file, "float64", d->has_float64, ", ");
  put_flag(file, "float16_arithmetic", d->has_float16_arithmetic, ", ");
  put_flag(file, "unified_memory", d->unified_memory, ", ");
  put_flag(file, "simulator", d->is_simulator, ", ");
  put_flag(file, "async_enqueue", d->has_async_enqueue, "");
}

static void put_result(FILE *file, const result *r) {
  char command[400];
  put(file, "section", r->section, ", ");
  put(file, "row", r->row, ", ");
  put(file, "dtype", report_dtype(r), ", ");
  put(file, "mode", report_mode(r), ", ");
  fprintf(file, "\"device\": %d, ", r->device);
  put(file, "status", status_names[r->status], ", ");
  fprintf(file, "\"cases\": %ld, \"ulps\": %.4g, \"share\": %.4g, \"seconds\": %.4f",
          r->cases, r->ulps, r->share, r->seconds);
  if (r->text != NULL) {
    fputs(", ", file);
    put(file, "text", r->text, "");
  }
  if (r->status == PASS || r->status == SKIP) return;
  fputs(", ", file);
  put(file, "test", r->test, ", ");
  put(file, "again", report_command(r, command, sizeof command), "");
}

static void put_groups(FILE *file) {
  const char *done[32];
  int count = 0;
  fputs("\n  ],\n  \"groups\": [", file);
  for (size_t i = 0; i < eager_op_count(); i++) {
    const char *name = op_group(eager_op_name(i));
    int k = 0;
    while (k < count && strcmp(done[k], name) != 0) k++;
    if (k < count || count == 32) continue;
    done[count++] = name;
    fprintf(file, "%s\n    {\"name\": \"%s\", \"ops\": [", count > 1 ? "," : "", name);
    for (size_t n = i; n < eager_op_count(); n++)
      if (strcmp(op_group(eager_op_name(n)), name) == 0)
        fprintf(file, "%s\"%s\"", n > i ? ", " : "", eager_op_name(n));
    fputs("]}", file);
  }
}

void report_put_json(const report *of, FILE *file) {
  int counts[STATUSES] = {0};
  for (int i = 0; i < result_count; i++) counts[results[i].status]++;
  fputs("{\n  ", file);
  put(file, "eagercl", eager_version(), ",\n  ");
  put(file, "date", of->date, ",\n  ");
  put(file, "options", the_options->text, ",\n  ");
  fprintf(file, "\"seed\": %llu,\n  \"seconds\": %.1f,\n  ",
          (unsigned long long)the_options->seed, of->seconds);
  put_flag(file, "stopped", of->stopped, ",\n  \"counts\": {");
  for (int s = 0; s < STATUSES; s++)
    fprintf(file, "%s\"%s\": %d", s > 0 ? ", " : "", status_names[s], counts[s]);
  fputs("},\n  \"devices\": [", file);
  for (int i = 0; i < the_machine->count; i++) {
    fputs(i > 0 ? ",\n    {" : "\n    {", file);
    put_device(file, &the_machine->devices[i]);
    fputs("}", file);
  }
  fputs("\n  ],\n  \"skipped\": [", file);
  for (int i = 0; i < the_machine->skipped_count; i++) {
    fputs(i > 0 ? ",\n    " : "\n    ", file);
    json_put_text(file, the_machine->skipped[i]);
  }
  put_groups(file);
  fputs("\n  ],\n  \"results\": [", file);
  for (int i = 0; i < result_count; i++) {
    fputs(i > 0 ? ",\n    {" : "\n    {", file);
    put_result(file, &results[i]);
    fputs("}", file);
  }
  fputs("\n  ]\n}\n", file);
}

bool report_json(const report *of, const char *path) {
  FILE *file = report_open(path);
  if (file == NULL) return false;
  report_put_json(of, file);
  return report_close(file, path);
}
