/* docs/matrix.md: the same results in tables that can be read in a repository. */
#include "report.h"

enum { NOT_SHOWN = -1 };

static int shown[MAX_DEVICES], shown_count;

static void find_shown(void) {
  shown_count = 0;
  for (int d = 0; d < the_machine->count; d++)
    for (int i = 0; i < result_count; i++)
      if (results[i].device == d) {
        shown[shown_count++] = d;
        break;
      }
}

static void put_cell(FILE *file, const char *text) {
  for (; *text; text++) {
    if (*text == '|') fputc('\\', file);
    fputc(*text == '\n' ? ' ' : *text, file);
  }
}

static void put_header(FILE *file, const char *first) {
  fprintf(file, "\n| %s |", first);
  for (int i = 0; i < shown_count; i++)
    fprintf(file, " %s |", the_machine->devices[shown[i]].name);
  fputs("\n|---|", file);
  for (int i = 0; i < shown_count; i++) fputs("---|", file);
  fputs("\n", file);
}

/* ---- Devices ---- */

static void put_devices(FILE *file) {
  fputs("\n| | device | platform | driver | OpenCL | passed | failed | skipped | crashed | "
        "hung |\n|---|---|---|---|---|---|---|---|---|---|\n",
        file);
  for (int k = 0; k < shown_count; k++) {
    const machine_device *d = &the_machine->devices[shown[k]];
    int counts[STATUSES] = {0};
    for (int i = 0; i < result_count; i++)
      if (results[i].device == shown[k] && strcmp(results[i].section, "quirks") != 0)
        counts[results[i].status]++;
    fprintf(file, "| %s | ", d->name);
    put_cell(file, d->device);
    fputs(" | ", file);
    put_cell(file, d->platform);
    fputs(" | ", file);
    put_cell(file, d->driver_version);
    fputs(" | ", file);
    put_cell(file, d->device_version);
    fprintf(file, " | %d | %d | %d | %d | %d |\n", counts[PASS], counts[FAIL], counts[SKIP],
            counts[CRASH], counts[HANG]);
  }
}

/* ---- One row on one device ---- */

typedef struct summary {
  int counts[STATUSES], all;
  uint32_t dtypes, passed; /* bits by place in test_dtypes */
  double ulps, share;
  const char *text; /* of the worst, or of the first skip */
} summary;

static int place_of(eager_dtype dtype) {
  int place = 0;
  while (place < TEST_DTYPES && test_dtypes[place] != dtype) place++;
  return place;
}

static void add_to(summary *s, const result *r) {
  uint32_t bit = 1u << place_of(r->dtype);
  s->all++;
  s->counts[r->status]++;
  s->dtypes |= bit;
  if (r->status == PASS) s->passed |= bit;
  if (r->ulps > s->ulps) s->ulps = r->ulps;
  if (r->share > s->share) s->share = r->share;
  if (r->text != NULL && (s->text == NULL || result_is_bad(r))) s->text = r->text;
}

static summary summary_of(const char *section, const char *row, int number) {
  summary s = {.all = 0};
  for (int i = 0; i < result_count; i++) {
    const result *r = &results[i];
    if (r->device == number && strcmp(r->section, section) == 0 && strcmp(r->row, row) == 0)
      add_to(&s, r);
  }
  return s;
}

static int bits(uint32_t set) {
  int count = 0;
  for (; set != 0; set &= set - 1) count++;
  return count;
}

static void put_bad(FILE *file, const summary *s) {
  static const outcome order[] = {CRASH, HANG, FAIL};
  for (int i = 0; i < 3; i++)
    if (s->counts[order[i]] > 0)
      fprintf(file, "**%d %s** ", s->counts[order[i]], status_names[order[i]]);
}

/* "13 dtypes, 0.5 ulp", "12 of 13 dtypes", or what went wrong. */
static void put_op(FILE *file, const summary *s) {
  put_bad(file, s);
  if (s->all == 0) return;
  if (s->passed == 0 && s->counts[SKIP] == s->all) {
    fputs("-", file);
    return;
  }
  if (s->passed == s->dtypes)
    fprintf(file, "%d", bits(s->dtypes));
  else
    fprintf(file, "%d of %d", bits(s->passed), bits(s->dtypes));
  if (s->ulps > 0) fprintf(file, ", %.2g ulp", s->ulps);
  if (s->ulps == 0 && s->share > 0)
    fprintf(file, ", %.0f%%", s->share < 0.01 ? 1 : 100 * s->share);
}

static void put_answer(FILE *file, const summary *s) {
  if (s->counts[CRASH] > 0) fputs("crash: ", file);
  if (s->counts[HANG] > 0) fputs("hang: ", file);
  if (s->counts[SKIP] > 0) fputs("skipped: ", file);
  const char *text = s->text != NULL ? s->text : "";
  char line[100];
  snprintf(line, sizeof line, "%.*s", (int)strcspn(text, "\n"), text);
  if (s->counts[QUIRK] > 0) fputs("*", file);
  put_cell(file, line);
  if (s->counts[QUIRK] > 0) fputs("*", file);
}

static void put_row(FILE *file, const char *section, const char *row,
                    void (*put)(FILE *, const summary *)) {
  fputs("| ", file);
  put_cell(file, row);
  for (int i = 0; i < shown_count; i++) {
    summary s = summary_of(section, row, shown[i]);
    fputs(" | ", file);
    put(file, &s);
  }
  fputs(" |\n", file);
}

/* ---- Sections ---- */

static bool is_first_of_row(int which) {
  for (int i = 0; i < which; i++)
    if (strcmp(results[i].section, results[which].section) == 0 &&
        strcmp(results[i].row, results[which].row) == 0)
      return false;
  return true;
}

static void put_section(FILE *file, const char *section, const char *first,
                        void (*put)(FILE *, const summary *)) {
  bool any = false;
  for (int i = 0; i < result_count; i++) {
    if (strcmp(results[i].section, section) != 0 || !is_first_of_row(i)) continue;
    if (!any) put_header(file, first);
    any = true;
    put_row(file, section, results[i].row, put);
  }
  if (!any) fputs("\nNot run.\n", file);
}

static void put_ops(FILE *file) {
  const char *done[32];
  int count = 0;
  for (size_t i = 0; i < eager_op_count() && count < 32; i++) {
    const char *name = op_group(eager_op_name(i));
    int k = 0;
    while (k < count && strcmp(done[k], name) != 0) k++;
    if (k < count) continue;
    done[count++] = name;
    fprintf(file, "\n### %s\n", name);
    put_header(file, "op");
    for (size_t n = i; n < eager_op_count(); n++)
      if (strcmp(op_group(eager_op_name(n)), name) == 0)
        put_row(file, "ops", eager_op_name(n), put_op);
  }
}

/* A test file a line: how many of its tests passed, and how many were skipped. */
static summary summary_of_file(const char *file_name, size_t size, int number) {
  summary s = {.all = 0};
  for (int i = 0; i < result_count; i++) {
    const result *r = &results[i];
    if (r->device == number && strcmp(r->section, "promises") == 0 &&
        strncmp(r->row, file_name, size) == 0 && r->row[size] == ' ')
      add_to(&s, r);
  }
  return s;
}

static void put_promises(FILE *file) {
  char before[96] = "";
  put_header(file, "tests");
  for (int i = 0; i < result_count; i++) {
    const char *row = results[i].row;
    size_t size = strcspn(row, " ");
    if (strcmp(results[i].section, "promises") != 0 || strncmp(before, row, size + 1) == 0)
      continue;
    snprintf(before, sizeof before, "%.*s ", (int)size, row);
    bool first = true;
    for (int k = 0; k < i && first; k++)
      first = strcmp(results[k].section, "promises") != 0 ||
              strncmp(results[k].row, before, size + 1) != 0;
    if (!first) continue;
    fprintf(file, "| %.*s", (int)size, row);
    for (int k = 0; k < shown_count; k++) {
      summary s = summary_of_file(row, size, shown[k]);
      fputs(" | ", file);
      put_bad(file, &s);
      fprintf(file, "%d", s.counts[PASS]);
      if (s.counts[SKIP] > 0) fprintf(file, " (%d skipped)", s.counts[SKIP]);
    }
    fputs(" |\n", file);
  }
}

static const char head[] =
    "# The device matrix\n"
    "\n"
    "Made by `tools/eagercl-matrix --markdown`; do not edit. `tools/eagercl-matrix` makes "
    "one of\n"
    "your machine; with `--html` a page on which every cell tells its cases.\n";

bool report_markdown(const report *of, const char *path) {
  FILE *file = report_open(path);
  if (file == NULL) return false;
  find_shown();
  fprintf(file, "%s\neagercl %s, %.10s, seed %llu%s%s.\n", head, eager_version(), of->date,
          (unsigned long long)the_options->seed,
          the_options->quick  ? ", --quick"
          : the_options->full ? ", --full"
                              : "",
          of->stopped ? ", stopped before its end" : "");
  put_devices(file);
  for (int i = 0; i < the_machine->skipped_count; i++)
    fprintf(file, "%sNot used: %s.\n", i == 0 ? "\n" : "", the_machine->skipped[i]);
  fputs("\n## Ops\n\nHow many of an op's dtypes are right in both modes, and the largest "
        "error: in units in\nthe last place, or, where sums may cancel, how much of the "
        "bound was used. \"-\": nothing to run\n(another name of an op, or no test on this "
        "device).\n",
        file);
  put_ops(file);
  fputs("\n## Copies between devices\n\nFrom every other device to this one, float32 and "
        "int32, in both modes.\n",
        file);
  put_section(file, "migration", "policy", put_op);
  fputs("\n## Numerics\n\nFunctions over all of their arguments, against OpenCL's table of "
        "errors.\n",
        file);
  put_section(file, "numerics", "op", put_op);
  fputs("\n## Promises of the runtime\n\nTests that passed, by test file.\n", file);
  put_promises(file);
  fputs("\n## Quirks of the implementations\n\nWhat the drivers do by themselves, without "
        "the library, which works around all of these.\nIn italics: not as OpenCL has "
        "it.\n",
        file);
  put_section(file, "quirks", "question", put_answer);
  return report_close(file, path);
}
