/* ctest: timeout=240 */
/* eagercl-matrix itself: a suite of victims run by the program, its reports, and what it
 * makes of two of them. */
#include "compare.h"
#include "json.h"
#include "program.h"
#include "test_values.h"

/* ---- The victims ---- */

static const json *report;
static char *junit, *page, *printed;
static int exit_status;

static char *file_in_folder(const char *name) {
  FILE *file = fopen(program_path(name), "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  long size = ftell(file);
  char *text = malloc((size_t)size + 1); /* all tests read it */
  assert_non_null(text);
  rewind(file);
  assert_int_equal(fread(text, 1, (size_t)size, file), size);
  text[size] = '\0';
  fclose(file);
  return text;
}

/* Once for all tests. */
static void run_victims(void) {
  if (report != NULL) return;
  setenv("EAGERCL_MATRIX_VICTIMS", "1", 1);
  program_folder_make();
  program_result run = program_run(
      200, (const char *[]){"eagercl-matrix", "--plain", "--device", "CPU:0", "--quick",
                            "--seed", "7", "--json", "all.json", "--junit", "all.xml",
                            "--html", "all.html", "--markdown", "all.md", NULL});
  exit_status = run.status;
  printed = run.out;
  char why[200];
  report = json_read(file_in_folder("all.json"), why, sizeof why);
  if (report == NULL) fail_msg("%s", why);
  junit = file_in_folder("all.xml");
  page = file_in_folder("all.html");
  free(file_in_folder("all.md"));
}

static const json *found(const char *section, const char *row, const char *dtype,
                         const char *mode) {
  for (const json *r = json_member(report, "results")->first; r != NULL; r = r->next)
    if (strcmp(json_text(r, "section"), section) == 0 &&
        strcmp(json_text(r, "row"), row) == 0 &&
        strcmp(json_text(r, "dtype"), dtype) == 0 &&
        strcmp(json_text(r, "mode"), mode) == 0)
      return r;
  fail_msg("no result of %s %s %s %s", section, row, dtype, mode);
  return NULL;
}

static void expect_status(const char *row, const char *dtype, const char *mode,
                          const char *status) {
  const char *got = json_text(found("ops", row, dtype, mode), "status");
  if (strcmp(got, status) != 0)
    fail_msg("%s %s %s: %s, expected %s", row, dtype, mode, got, status);
}

static void expect_in(const char *text, const char *part) {
  if (strstr(text, part) == NULL) fail_msg("'%s' is not in: %.300s", part, text);
}

static void every_harm_has_its_row_and_hides_no_other(void **state) {
  (void)state;
  run_victims();
  assert_int_equal(exit_status, 1);
  expect_status("Neg", "float32", "sync", "pass");
  expect_status("Neg", "float32", "async", "pass");
  expect_status("Neg", "float16", "sync", "fail");
  expect_status("Neg", "float16", "async", "pass");
  expect_status("Neg", "int32", "sync", "pass");
  expect_status("Neg", "int64", "async", "pass");
  expect_status("Square", "float32", "sync", "fail");
  expect_status("Square", "int32", "sync", "crash");
  expect_status("Square", "float16", "sync", "hang");
  expect_status("Square", "int64", "sync", "pass");
  expect_status("Abs", "float32", "sync", "skip");
}

static void a_failure_tells_its_case_and_how_to_see_it_again(void **state) {
  (void)state;
  run_victims();
  const json *wrong = found("ops", "Neg", "float16", "sync");
  expect_in(json_text(wrong, "text"), "a victim (float16): 1 of 3 elements wrong; at [2]");
  assert_string_equal(json_text(wrong, "test"), "ops/victims a_wrong_value");
  assert_string_equal(
      json_text(wrong, "again"),
      "tools/eagercl-matrix --device CPU:0 --test 'ops/victims a_wrong_value' "
      "--op Neg --dtype float16 --mode sync --seed 7 --quick");
  expect_in(json_text(found("ops", "Square", "float32", "sync"), "text"),
            "this had to fail");
  expect_in(json_text(found("ops", "Square", "int32", "sync"), "text"), "signal 11");
  expect_in(json_text(found("ops", "Square", "float16", "sync"), "text"),
            "not done after 1 s");
  const json *skipped = found("tests", "ops/victims a_skip", "", "");
  assert_string_equal(json_text(skipped, "status"), "skip");
  assert_string_equal(
      json_text(skipped, "text"),
      "no \"moon\" \\u003cin> here & now"); /* escapes of that kind are kept */
  assert_string_equal(
      json_text(found("tests", "ops/victims a_crash_before_any_op", "", ""), "status"),
      "crash");
  assert_string_equal(
      json_text(found("tests", "ops/victims all_is_well", "", ""), "status"), "pass");
}

static void counts_are_those_of_the_results(void **state) {
  (void)state;
  run_victims();
  static const char *const names[] = {"pass", "fail", "skip", "crash", "hang", "quirk"};
  for (int i = 0; i < 6; i++) {
    int count = 0;
    for (const json *r = json_member(report, "results")->first; r != NULL; r = r->next)
      count += strcmp(json_text(r, "status"), names[i]) == 0;
    assert_int_equal((int)json_number(json_member(report, "counts"), names[i]), count);
  }
  assert_int_equal((int)json_number(report, "seed"), 7);
  const json *first = json_member(report, "devices")->first;
  assert_string_equal(json_text(first, "name"), "CPU:0");
  assert_true(*json_text(first, "driver_version") != '\0');
  assert_true(*json_text(first, "opencl_version") != '\0');
  assert_non_null(json_member(first, "float64"));
}

/* Each test runs in a process of its own kind: the victims stand on the terminal, too. */
static void the_terminal_has_a_table(void **state) {
  (void)state;
  run_victims();
  expect_in(printed, "CPU:0");
  expect_in(printed, "crash");
}

/* ---- XML, read by the few rules it keeps to ---- */

static int count_of(const char *text, const char *part) {
  int count = 0;
  for (; (text = strstr(text, part)) != NULL; text += strlen(part)) count++;
  return count;
}

static int attribute_sum(const char *text, const char *element, const char *name) {
  int sum = 0;
  for (; (text = strstr(text, element)) != NULL; text++) {
    const char *end = strchr(text, '>'), *at = strstr(text, name);
    if (at != NULL && at < end) sum += atoi(at + strlen(name));
  }
  return sum;
}

static void junit_is_well_formed(void **state) {
  (void)state;
  run_victims();
  const char *open[64];
  int depth = 0;
  assert_true(strncmp(junit, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", 39) == 0);
  for (const char *at = strchr(junit + 39, '<'); at != NULL; at = strchr(at + 1, '<')) {
    const char *end = at + 1;
    bool quoted = false;
    for (; *end && (quoted || *end != '>'); end++) {
      if (*end == '"') quoted = !quoted;
      assert_true(*end != '<');
    }
    assert_true(*end == '>');
    size_t size = strcspn(at + 1, " />\n");
    if (at[1] == '/') {
      assert_true(depth > 0);
      depth--;
      size = strcspn(at + 2, ">");
      assert_true(strncmp(open[depth], at + 2, size) == 0);
    } else if (end[-1] != '/') {
      assert_true(depth < 64);
      open[depth++] = at + 1;
    }
    assert_true(size > 0);
  }
  assert_int_equal(depth, 0);
}

static void junit_counts_what_json_counts(void **state) {
  (void)state;
  run_victims();
  const json *counts = json_member(report, "counts");
  int errors = (int)json_number(counts, "crash") + (int)json_number(counts, "hang");
  assert_int_equal(count_of(junit, "<testcase "), json_member(report, "results")->count);
  assert_int_equal(count_of(junit, "<failure "), (int)json_number(counts, "fail"));
  assert_int_equal(count_of(junit, "<error "), errors);
  assert_int_equal(count_of(junit, "<skipped "), (int)json_number(counts, "skip"));
  assert_int_equal(attribute_sum(junit, "<testsuite ", "errors=\""), errors);
  assert_int_equal(attribute_sum(junit, "<testsuite ", "failures=\""),
                   (int)json_number(counts, "fail"));
}

/* The page holds the same JSON, and asks the network for nothing. */
static void the_page_is_whole(void **state) {
  (void)state;
  run_victims();
  static const char mark[] = "<script type=\"application/json\" id=\"data\">";
  const char *begin = strstr(page, mark), *end;
  assert_non_null(begin);
  begin += strlen(mark);
  end = strstr(begin, "</script>");
  assert_non_null(end);
  char *data = test_alloc((size_t)(end - begin) + 1);
  memcpy(data, begin, (size_t)(end - begin));
  assert_int_equal(json_member(json_parse(data), "results")->count,
                   json_member(report, "results")->count);
  expect_in(end, "</html>");
  static const char *const outside[] = {"http:", "https:", "<link", " src=", "url("};
  for (int i = 0; i < 5; i++) assert_null(strstr(page, outside[i]));
}

/* ---- Options ---- */

static void what_it_cannot_do_is_told(void **state) {
  (void)state;
  static const struct {
    const char *words[4];
    const char *text;
  } cases[] = {
      {{"eagercl-matrix", "--op", "Sofmax"}, "no such op: Sofmax"},
      {{"eagercl-matrix", "--dtype", "float17"}, "no such dtype: float17"},
      {{"eagercl-matrix", "--mode", "both"}, "--mode is sync or async, not: both"},
      {{"eagercl-matrix", "--device", "XPU:77"}, "no such OpenCL device here: XPU:77"},
      {{"eagercl-matrix", "--seed"}, "a value is missing behind: --seed"},
      {{"eagercl-matrix", "--fast"}, "unknown option: --fast"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    program_result run = program_run(60, cases[i].words);
    assert_int_equal(run.status, 2);
    expect_in(run.err, cases[i].text);
  }
}

/* ---- Comparing ---- */

static void verdicts(void **state) {
  (void)state;
  static const struct {
    const char *section, *before, *after;
    double ulps_before, ulps_after;
    change expected;
  } cases[] = {
      {"ops", "pass", "pass", 0.5, 0.5, CHANGE_NONE},
      {"ops", "pass", "fail", 0.5, 9, CHANGE_WORSE},
      {"ops", "pass", "crash", 0, 0, CHANGE_WORSE},
      {"ops", "pass", "hang", 0, 0, CHANGE_WORSE},
      {"ops", "skip", "fail", 0, 0, CHANGE_WORSE},
      {"ops", "", "fail", 0, 0, CHANGE_WORSE},
      {"ops", "fail", "fail", 0, 0, CHANGE_NONE},
      {"ops", "fail", "crash", 0, 0, CHANGE_OTHER_BAD},
      {"ops", "hang", "pass", 0, 0, CHANGE_FIXED},
      {"ops", "crash", "skip", 0, 0, CHANGE_LOST},
      {"ops", "pass", "skip", 0, 0, CHANGE_LOST},
      {"ops", "pass", "", 0, 0, CHANGE_LOST},
      {"ops", "skip", "", 0, 0, CHANGE_NONE},
      {"ops", "skip", "pass", 0, 0, CHANGE_GAINED},
      {"ops", "", "pass", 0, 0, CHANGE_GAINED},
      {"ops", "pass", "pass", 0.5, 1.2, CHANGE_ULPS},
      {"ops", "pass", "pass", 2.0, 1.0, CHANGE_ULPS},
      {"ops", "pass", "pass", 0.50, 0.52, CHANGE_NONE},
      {"promises", "pass", "crash", 0, 0, CHANGE_WORSE},
      {"quirks", "pass", "crash", 0, 0, CHANGE_QUIRK},
      {"quirks", "crash", "pass", 0, 0, CHANGE_QUIRK},
      {"quirks", "pass", "quirk", 0, 0, CHANGE_QUIRK},
      {"quirks", "quirk", "quirk", 0, 0, CHANGE_NONE},
      {"quirks", "pass", "fail", 0, 0, CHANGE_WORSE}, /* contradicts the library */
      {"quirks", "fail", "pass", 0, 0, CHANGE_FIXED},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    change_side one = {cases[i].before, "", cases[i].ulps_before},
                two = {cases[i].after, "", cases[i].ulps_after};
    change got = compare_sides(cases[i].section, one, two);
    if (got != cases[i].expected)
      fail_msg("%s %s -> %s: %d, expected %d", cases[i].section, cases[i].before,
               cases[i].after, (int)got, (int)cases[i].expected);
  }
  change_side here = {"quirk", "-1, not -14", 0}, there = {"quirk", "-5, not -14", 0};
  assert_int_equal(compare_sides("quirks", here, there), CHANGE_QUIRK);
}

static void write_report(const char *name, const char *results) {
  const char *text = test_text(
      "{\"devices\": [{\"name\": \"CPU:0\", \"device\": \"d\", \"platform\": \"p\", "
      "\"driver_version\": \"%s\"}], \"results\": [%s]}",
      name, results);
  program_file_write(name, text, strlen(text));
}

#define RESULT(row, status)                                                                \
  "{\"section\": \"ops\", \"row\": \"" row "\", \"dtype\": \"int8\", \"mode\": \"sync\", " \
  "\"device\": 0, \"status\": \"" status "\", \"ulps\": 0}"

static void two_files_are_compared(void **state) {
  (void)state;
  run_victims();
  write_report("a.json", RESULT("Abs", "pass") "," RESULT("Neg", "fail"));
  write_report("b.json", RESULT("Abs", "fail") "," RESULT("Neg", "pass"));
  static const char *const same[] = {"eagercl-matrix", "--compare", "all.json", "all.json",
                                     NULL};
  program_result run = program_run(60, same);
  assert_int_equal(run.status, 0);
  expect_in(run.out, "No differences.");
  run = program_run(
      60, (const char *[]){"eagercl-matrix", "--compare", "a.json", "b.json", NULL});
  assert_int_equal(run.status, 1);
  expect_in(run.out, "New failures: 1\n  CPU:0: ops Abs int8 sync: pass -> fail");
  expect_in(run.out, "Fixed: 1\n  CPU:0: ops Neg int8 sync: fail -> pass");
  run = program_run(
      60, (const char *[]){"eagercl-matrix", "--compare", "a.json", "nothing", NULL});
  assert_int_equal(run.status, 2);
  program_file_write("bad.json", "{\"results\": [", 13);
  run = program_run(
      60, (const char *[]){"eagercl-matrix", "--compare", "a.json", "bad.json", NULL});
  assert_int_equal(run.status, 2);
  expect_in(run.err, "bad.json: no JSON at byte 13");
  program_folder_remove();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_harm_has_its_row_and_hides_no_other),
      cmocka_unit_test(a_failure_tells_its_case_and_how_to_see_it_again),
      cmocka_unit_test(counts_are_those_of_the_results),
      cmocka_unit_test(the_terminal_has_a_table),
      cmocka_unit_test(junit_is_well_formed),
      cmocka_unit_test(junit_counts_what_json_counts),
      cmocka_unit_test(the_page_is_whole),
      cmocka_unit_test(what_it_cannot_do_is_told),
      cmocka_unit_test(verdicts),
      cmocka_unit_test(two_files_are_compared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
