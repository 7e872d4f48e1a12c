/* JUnit's XML, a suite for each device, as continuous integration reads it. */
#include "report.h"

/* Attributes and text; what XML 1.0 has no way to say is left out. */
static void put_escaped(FILE *file, const char *text) {
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\n')
      fprintf(file, "&#%d;", c);
    else if (c >= ' ' && c <= '~')
      fputc(c, file);
  }
}

static void put_attribute(FILE *file, const char *name, const char *value) {
  fprintf(file, " %s=\"", name);
  put_escaped(file, value);
  fputc('"', file);
}

static void put_element(FILE *file, const char *element, const result *r) {
  char command[400];
  fprintf(file, "><%s", element);
  put_attribute(file, "message", r->text != NULL ? r->text : status_names[r->status]);
  if (r->status != SKIP) {
    put_attribute(file, "type", status_names[r->status]);
    fputs(">run it again: ", file);
    put_escaped(file, report_command(r, command, sizeof command));
    fprintf(file, "</%s></testcase>\n", element);
  } else {
    fputs("/></testcase>\n", file);
  }
}

static void put_case(FILE *file, const result *r) {
  char name[160], suite[128];
  snprintf(suite, sizeof suite, "%s.%s", r->section, r->row);
  snprintf(name, sizeof name, "%s%s%s%s%s", r->row, r->dtype ? " " : "", report_dtype(r),
           r->mode >= 0 ? " " : "", report_mode(r));
  fputs("    <testcase", file);
  put_attribute(file, "classname", suite);
  put_attribute(file, "name", name);
  fprintf(file, " time=\"%.4f\"", r->seconds);
  if (r->status == SKIP)
    put_element(file, "skipped", r);
  else if (!result_is_bad(r))
    fputs("/>\n", file);
  else
    put_element(file, r->status == FAIL ? "failure" : "error", r);
}

static void put_suite(FILE *file, const report *of, int number) {
  const machine_device *d = &the_machine->devices[number];
  int all = 0, failures = 0, errors = 0, skipped = 0;
  char name[256];
  for (int i = 0; i < result_count; i++) {
    const result *r = &results[i];
    if (r->device != number) continue;
    all++;
    skipped += r->status == SKIP;
    failures += result_is_bad(r) && r->status == FAIL;
    errors += result_is_bad(r) && r->status != FAIL;
  }
  if (all == 0) return;
  snprintf(name, sizeof name, "%s %s/%s", d->name, d->platform, d->device);
  fputs("  <testsuite", file);
  put_attribute(file, "name", name);
  put_attribute(file, "timestamp", of->date);
  fprintf(file, " tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\">\n", all,
          failures, errors, skipped);
  for (int i = 0; i < result_count; i++)
    if (results[i].device == number) put_case(file, &results[i]);
  fputs("  </testsuite>\n", file);
}

bool report_junit(const report *of, const char *path) {
  FILE *file = report_open(path);
  if (file == NULL) return false;
  fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites", file);
  put_attribute(file, "name", "eagercl-matrix");
  fprintf(file, " time=\"%.1f\">\n", of->seconds);
  for (int i = 0; i < the_machine->count; i++) put_suite(file, of, i);
  fputs("</testsuites>\n", file);
  return report_close(file, path);
}
