/* eagercl-matrix: every op, dtype and mode, copies between all devices, the runtime's
 * promises, numerics and drivers' quirks, on every OpenCL device of this machine. */
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "across.h"
#include "compare.h"
#include "known.h"
#include "report.h"
#include "schedule.h"

static machine found;
static options given = {.seed = 20240607};
const machine *the_machine = &found;
const options *the_options = &given;

static const char usage[] =
    "usage: eagercl-matrix [options]\n"
    "\n"
    "Runs the device matrix on every OpenCL device of this machine; the exit status is 0\n"
    "when nothing failed, crashed or hung, 1 when something did, 2 when it could not run.\n"
    "\n"
    "  --quick           few cases of each op, dtype and mode\n"
    "  --full            every case there is: hours\n"
    "  --device PART     devices whose name, driver's name or platform has PART in it\n"
    "  --op NAME         one op (its raw name, such as Softmax)\n"
    "  --dtype NAME      one dtype, such as float16\n"
    "  --mode MODE       sync or async; else both\n"
    "  --test PART       tests whose name has PART in it, such as 'ops/pool specials'\n"
    "  --seed N          of what is chosen by chance\n"
    "  --across          beside all else, how far devices' results are from each other\n"
    "  --jobs N          processes at work at once; else one per core, at most 4\n"
    "  --json FILE       all results, for programs\n"
    "  --junit FILE      the same as JUnit's XML\n"
    "  --html FILE       the same as one page to look at\n"
    "  --markdown FILE   the same as tables, as in docs/matrix.md\n"
    "  --compare A B     what changed between two files of --json; the exit status is 1 "
    "when\n"
    "                    something got worse. Nothing is run\n"
    "  --list            the devices and the tests there are\n"
    "  --plain           no table that moves\n";

/* ---- Options ---- */

static _Noreturn void refuse(const char *what, const char *word) {
  fprintf(stderr, "eagercl-matrix: %s%s%s; see --help\n", what, *word ? ": " : "", word);
  exit(2);
}

static const char *value_of(int argc, char **argv, int *i) {
  if (*i + 1 >= argc) refuse("a value is missing behind", argv[*i]);
  return argv[++*i];
}

static long number_of(const char *text, long least, long most) {
  char *end;
  long number = strtol(text, &end, 0);
  if (*end != '\0' || *text == '\0' || number < least || number > most)
    refuse("not such a number", text);
  return number;
}

static bool list_only;

/* The options that choose what runs, for the reports. */
static void describe_options(void) {
  const struct {
    const char *name, *value;
  } texts[] = {{"--device", given.device},
               {"--op", given.op},
               {"--dtype", given.dtype},
               {"--mode", given.mode},
               {"--test", given.test}};
  size_t used = 0, size = sizeof given.text;
  if (given.quick) used = (size_t)snprintf(given.text, size, "--quick ");
  if (given.full) used = (size_t)snprintf(given.text, size, "--full ");
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (texts[i].value != NULL && used < size)
      used += (size_t)snprintf(given.text + used, size - used, "%s %s ", texts[i].name,
                               texts[i].value);
  size_t length = strlen(given.text);
  if (length > 0) given.text[length - 1] = '\0';
}

static bool read_filter(int argc, char **argv, int *i) {
  const struct {
    const char *name;
    const char **to;
  } texts[] = {
      {"--device", &given.device}, {"--op", &given.op},
      {"--dtype", &given.dtype},   {"--mode", &given.mode},
      {"--test", &given.test},     {"--junit", &given.junit},
      {"--html", &given.html},     {"--markdown", &given.markdown},
      {"--learn", &given.learn},   {"--json", &given.json},
  };
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
    if (strcmp(argv[*i], texts[k].name) == 0) {
      *texts[k].to = value_of(argc, argv, i);
      return true;
    }
  return false;
}

static void check_options(void) {
  if (given.quick && given.full) refuse("--quick and --full exclude each other", "");
  if (given.mode != NULL && strcmp(given.mode, "sync") && strcmp(given.mode, "async"))
    refuse("--mode is sync or async, not", given.mode);
  bool known = given.dtype == NULL;
  for (int d = 0; d < TEST_DTYPES && !known; d++)
    known = strcmp(given.dtype, eager_dtype_name(test_dtypes[d])) == 0;
  if (!known) refuse("no such dtype", given.dtype);
  known = given.op == NULL;
  for (size_t i = 0; i < eager_op_count() && !known; i++)
    known = strcmp(given.op, eager_op_name(i)) == 0;
  if (!known) refuse("no such op", given.op);
}

static void read_options(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0) {
      fputs(usage, stdout);
      exit(0);
    } else if (strcmp(argv[i], "--quick") == 0) {
      given.quick = true;
    } else if (strcmp(argv[i], "--full") == 0) {
      given.full = true;
    } else if (strcmp(argv[i], "--across") == 0) {
      given.across = true;
    } else if (strcmp(argv[i], "--plain") == 0) {
      given.plain = true;
    } else if (strcmp(argv[i], "--list") == 0) {
      list_only = true;
    } else if (strcmp(argv[i], "--compare") == 0) {
      const char *before = value_of(argc, argv, &i);
      exit(compare_files(before, value_of(argc, argv, &i)));
    } else if (strcmp(argv[i], "--seed") == 0) {
      given.seed = strtoull(value_of(argc, argv, &i), NULL, 0);
    } else if (strcmp(argv[i], "--jobs") == 0) {
      given.jobs = (int)number_of(value_of(argc, argv, &i), 1, MAX_JOBS);
    } else if (!read_filter(argc, argv, &i)) {
      refuse("unknown option", argv[i]);
    }
  }
  check_options();
  describe_options();
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (given.jobs == 0) given.jobs = cores < 1 ? 1 : cores < 4 ? (int)cores : 4;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number) {
  (void)signal_number;
  interrupted = 1;
}

/* ---- The end ---- */

static void show_list(void) {
  for (int i = 0; i < found.count; i++)
    printf("%-8s %s, %s\n", found.devices[i].name, found.devices[i].device,
           found.devices[i].platform);
  for (int i = 0; i < found.skipped_count; i++) printf("skipped: %s\n", found.skipped[i]);
  for (int g = 0; g < group_count; g++)
    for (size_t t = 0; t < groups[g].count; t++)
      printf("%-10s %s %s\n", groups[g].section, groups[g].name, groups[g].tests[t].name);
}

static bool write_reports(const report *of) {
  bool good = given.json == NULL || report_json(of, given.json);
  good = (given.junit == NULL || report_junit(of, given.junit)) && good;
  good = (given.html == NULL || report_html(of, given.html)) && good;
  good = (given.learn == NULL || known_write(given.learn)) && good;
  return (given.markdown == NULL || report_markdown(of, given.markdown)) && good;
}

int main(int argc, char **argv) {
  char why[200];
  report of = {.date = ""};
  signal(SIGCHLD, SIG_DFL); /* else children of some starters vanish unseen */
  read_options(argc, argv);
  time_t now = time(NULL);
  strftime(of.date, sizeof of.date, "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
  suite_load();
  if (!machine_look(&found, why, sizeof why)) refuse(why, "");
  if (list_only) return show_list(), 0;
  if (!schedule_make())
    refuse("no such OpenCL device here", given.device ? given.device : "");
  if (given.across && !across_prepare(found.count)) refuse("no shared memory", "");
  signal(SIGINT, interrupt);
  signal(SIGTERM, interrupt);
  double begun = seconds_now();
  schedule_run(begun, &interrupted);
  of.seconds = seconds_now() - begun;
  of.stopped = interrupted != 0;
  for (int i = 0; i < found.count; i++)
    if (schedule_has(i)) ops_add_missing(i, of.stopped);
  if (given.across) across_compare();
  ops_drop_others();
  results_sort();
  if (!write_reports(&of)) return 2;
  return results_are_good() && !of.stopped ? 0 : 1;
}
