/* Runs a group on a device: a child takes test after test; behind a crash or a hang another
 * one goes on. A test that failed, crashed or hung at some op and dtype runs once more
 * without these, so that they do not hide what comes behind them. */
#include "child.h"
#include "known.h"
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEFAULT_LIMIT = 100, MOST_RUNS = 14, MOST_HANGS = 3, TEXT = 600 };

typedef struct run {
  pid_t pid;
  int pipe;
  FILE *output;
  watch_page *page;
  size_t begin, end;
  long running; /* the test, or -1 */
  long printed; /* where the output of the end of the process begins */
  double began, deadline;
  int limit, failures;
  bool ended;
} run;

/* ---- What came out ---- */

static const char *test_text_of(const job *j, long test, char *text, size_t size) {
  snprintf(text, size, "%s %s", j->group->name,
           test >= 0 ? j->group->tests[test].name : "(the end of the process)");
  return text;
}

/* What the running test has printed, without cmocka's frame. */
static char *printed_text(run *r) {
  static char lines[16384], text[TEXT];
  size_t used = 0;
  /* The child may be at the next test by now. */
  long begin = r->printed, end = 0;
  if (r->running >= 0 && r->running < WATCH_TESTS - 1) {
    begin = r->page->tests[r->running].printed;
    end = r->page->tests[r->running + 1].printed;
  }
  size_t room = sizeof lines - 1;
  if (end > begin && (size_t)(end - begin) < room) room = (size_t)(end - begin);
  ssize_t got = pread(fileno(r->output), lines, room, begin);
  lines[got > 0 ? got : 0] = '\0';
  for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
    static const char error[] = "[  ERROR   ] --- ";
    if (strncmp(line, error, strlen(error)) == 0) line += strlen(error);
    bool frame = line[0] == '[' || *line == '\0';
    if (frame || strncmp(line, "sampled ", 8) == 0 || used >= sizeof text - 2) continue;
    used +=
        (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? "\n" : "", line);
  }
  text[used < sizeof text ? used : sizeof text - 1] = '\0';
  return text;
}

static const watch_cell *cell_at_work(const run *r) {
  const watch_page *page = r->page;
  int cell = r->running >= 0 && r->running < WATCH_TESTS ? page->tests[r->running].cell : 0;
  return cell > 0 ? &page->cells[cell - 1] : NULL;
}

static bool shows_ops(const job *j) {
  return strcmp(j->group->section, "ops") == 0 ||
         strcmp(j->group->section, "numerics") == 0;
}

static bool is_quirk(const job *j) {
  return strcmp(j->group->section, "quirks") == 0;
}

/* The row of a test as a whole. */
static result *test_result(const job *j, long test) {
  char row[96];
  if (is_quirk(j) && test >= 0)
    snprintf(row, sizeof row, "%s %s", j->group->name + strlen("quirks/"),
             j->group->tests[test].name);
  else
    test_text_of(j, test, row, sizeof row);
  bool apart = shows_ops(j) || strcmp(j->group->section, "across") == 0 ||
               strcmp(j->group->section, "migration") == 0;
  return result_of(apart ? "tests" : j->group->section, row, 0, -1, j->device);
}

/* A failure of the test itself, not of a comparison that was noted: it is the op's that was
 * at work, and the test's. */
static void add_failure(job *j, outcome status, const char *text) {
  run *r = j->run;
  char test[112];
  test_text_of(j, r->running, test, sizeof test);
  const watch_cell *cell = cell_at_work(r);
  if (cell != NULL && shows_ops(j))
    result_add(
        result_of(j->group->section, cell->row, cell->dtype, (int)cell->mode, j->device),
        status, text, test);
  result_add(test_result(j, r->running), status, text, test);
}

/* ---- One test's end ---- */

static bool avoids(trial *t, const watch_cell *cell) {
  char entry[80];
  snprintf(entry, sizeof entry, "%s:%s,", cell->row,
           cell->dtype ? eager_dtype_name(cell->dtype) : "");
  if (strstr(t->avoid, entry) != NULL) return true;
  if (strlen(t->avoid) + strlen(entry) + 1 > sizeof t->avoid) return true;
  strcat(t->avoid, entry);
  return false;
}

/* It has come out as `status`; on failure it may be worth another run. */
static void end_test(job *j, outcome status, const char *text) {
  run *r = j->run;
  if (r->running < 0) return;
  trial *t = &j->trials[r->running];
  t->seconds += seconds_now() - r->began;
  t->runs++;
  if (r->running < WATCH_TESTS) t->picks_modes |= r->page->tests[r->running].picks_modes;
  bool bad = status == FAIL || status == CRASH || status == HANG;
  const watch_cell *cell = cell_at_work(r);
  if (bad) add_failure(j, status, text);
  if (t->runs == 1 || bad) t->status = status;
  int most = status == HANG ? MOST_HANGS : MOST_RUNS;
  bool again = bad && cell != NULL && shows_ops(j) && t->runs < most && !avoids(t, cell);
  t->state = again ? WAITING : OVER;
  if (!again) {
    j->over++;
    known_note_seconds(j->group->name, j->group->tests[r->running].name, t->seconds);
    result *whole = test_result(j, r->running);
    whole->seconds += t->seconds;
    char test[112];
    test_text_of(j, r->running, test, sizeof test);
    if (!bad) result_add(whole, status, status == SKIP ? text : NULL, test);
  }
  r->running = -1;
}

/* A test that was begun and said nothing more has failed. */
static void settle(job *j) {
  if (j->run->running < 0) return;
  j->run->failures++;
  end_test(j, FAIL, printed_text(j->run));
}

static void start_clock(const job *j, int seconds) {
  run *r = j->run;
  r->limit = seconds * (the_options->full && !is_quirk(j) ? 10 : 1);
  r->deadline = seconds_now() + r->limit;
}

static const char *skip_reason(run *r) {
  char *text = printed_text(r), *found = strstr(text, "skipped: ");
  if (found == NULL) return text;
  found += strlen("skipped: ");
  found[strcspn(found, "\n")] = '\0';
  return found;
}

static void hear(job *j, test_event event) {
  run *r = j->run;
  switch (event.kind) {
  case TEST_EVENT_BEGIN:
    settle(j);
    r->running = event.value;
    r->began = seconds_now();
    j->trials[event.value].state = RUNNING;
    start_clock(j, DEFAULT_LIMIT);
    break;
  case TEST_EVENT_PASS:
    end_test(j, PASS, NULL);
    break;
  case TEST_EVENT_SKIP:
    end_test(j, SKIP, skip_reason(r));
    break;
  case TEST_EVENT_LIMIT:
    start_clock(j, event.value);
    break;
  case TEST_EVENT_NO_DEVICE:
    add_failure(j, FAIL, "the device is not there any more");
    break;
  case TEST_EVENT_ENDING:
    settle(j);
    if (event.value > r->failures) add_failure(j, FAIL, "a test's teardown failed");
    r->printed = (long)lseek(fileno(r->output), 0, SEEK_END);
    start_clock(j, DEFAULT_LIMIT);
    break;
  case TEST_EVENT_ENDED:
    r->ended = true;
    if (event.value != 0) add_failure(j, FAIL, printed_text(r));
    break;
  }
}

/* ---- A child's life ---- */

static void start_child(job *j, size_t begin, size_t end) {
  run *r = j->run = allocated(sizeof *r);
  int ends[2];
  r->running = -1;
  r->begin = begin;
  r->end = end;
  r->output = tmpfile();
  r->page = shared_memory(sizeof *r->page);
  if (r->output == NULL || r->page == NULL || pipe(ends) != 0) {
    fprintf(stderr, "eagercl-matrix: no room for another process's results\n");
    exit(2);
  }
  child_plan plan = {.job = j,
                     .tests = j->group->tests,
                     .begin = begin,
                     .end = end,
                     .avoid = j->trials[begin].avoid,
                     .page = r->page,
                     .pipe = ends[1],
                     .output = fileno(r->output)};
  fflush(NULL);
  r->pid = fork();
  if (r->pid == 0) {
    close(ends[0]);
    child_become(&plan);
  }
  close(ends[1]);
  r->pipe = ends[0];
  start_clock(j, DEFAULT_LIMIT);
  if (r->pid > 0) return;
  fprintf(stderr, "eagercl-matrix: no process could be made\n");
  exit(2);
}

/* A driver's answer; the end of its process is part of it. */
static void take_answer(job *j, const watch_cell *cell) {
  result *to = test_result(j, cell->test);
  outcome status = strcmp(cell->row, "gives") == 0     ? PASS
                   : strcmp(cell->row, "differs") == 0 ? QUIRK
                                                       : FAIL;
  if (to->status == CRASH || to->status == HANG) return;
  to->status = status;
  free(to->text);
  to->text = copied(cell->text);
}

/* What its tests did to ops and rows becomes results. */
static void take_cells(job *j) {
  const watch_page *page = j->run->page;
  for (int i = 0; i < page->count && is_quirk(j); i++)
    if (page->cells[i].is_row) take_answer(j, &page->cells[i]);
  if (is_quirk(j)) return;
  for (int i = 0; i < page->count; i++) {
    const watch_cell *cell = &page->cells[i];
    if ((cell->cases == 0 && cell->wrong == 0) || (!cell->is_row && !shows_ops(j)))
      continue;
    char test[112];
    test_text_of(j, cell->test, test, sizeof test);
    if (!cell->is_row)
      known_note(j->group->name, j->group->tests[cell->test].name, cell->row);
    result *to =
        result_of(j->group->section, cell->row, cell->dtype, (int)cell->mode, j->device);
    to->cases += cell->cases;
    to->seconds += cell->seconds;
    if (cell->ulps > to->ulps) to->ulps = cell->ulps;
    if (cell->share > to->share) to->share = cell->share;
    result_add(to, cell->wrong > 0 ? FAIL : PASS, cell->wrong > 0 ? cell->text : NULL,
               test);
    if (cell->wrong > 0) result_add(test_result(j, cell->test), FAIL, cell->text, test);
  }
}

static void end_child(job *j) {
  run *r = j->run;
  take_cells(j);
  close(r->pipe);
  fclose(r->output);
  munmap(r->page, sizeof *r->page);
  free(r);
  j->run = NULL;
}

static void tell_death(job *j, int status) {
  char text[TEXT + 100], how[64];
  if (WIFSIGNALED(status))
    snprintf(how, sizeof how, "signal %d (%s)", WTERMSIG(status),
             strsignal(WTERMSIG(status)));
  else
    snprintf(how, sizeof how, "the process ended with status %d", WEXITSTATUS(status));
  const char *printed = printed_text(j->run);
  snprintf(text, sizeof text, "%s%s%s", how, *printed ? "\n" : "", printed);
  if (j->run->running >= 0)
    end_test(j, CRASH, text);
  else
    add_failure(j, CRASH, text);
}

static void kill_hung(job *j) {
  run *r = j->run;
  char text[TEXT + 100];
  kill(r->pid, SIGKILL);
  waitpid(r->pid, NULL, 0);
  snprintf(text, sizeof text, "not done after %d s", r->limit);
  if (r->running >= 0)
    end_test(j, HANG, text);
  else
    add_failure(j, HANG, text);
}

/* False when the pipe is closed. */
static bool listen_to(job *j) {
  struct pollfd ready = {.fd = j->run->pipe, .events = POLLIN};
  while (poll(&ready, 1, 0) > 0) {
    test_event event;
    ssize_t got = read(j->run->pipe, &event, sizeof event);
    if (got == (ssize_t)sizeof event) hear(j, event);
    if (got == 0 || (got < 0 && errno != EINTR)) return false;
  }
  return true;
}

/* A test that runs again does so alone. */
static bool next_range(const job *j, size_t *begin, size_t *end) {
  size_t count = j->group->count, i = 0;
  while (i < count && j->trials[i].state != WAITING) i++;
  *begin = *end = i;
  if (i == count) return false;
  *end = i + 1;
  if (j->group->each || j->trials[i].runs > 0) return true;
  while (*end < count && j->trials[*end].state == WAITING && j->trials[*end].runs == 0)
    ++*end;
  return true;
}

/* Behind a round in SYNC those tests that can choose run in ASYNC. */
static bool next_mode(job *j) {
  bool any = false;
  if (j->mode == NULL || strcmp(j->mode, "async") == 0 || the_options->mode != NULL)
    return false;
  for (size_t i = 0; i < j->group->count; i++) {
    trial *t = &j->trials[i];
    if (t->state != OVER || !t->picks_modes) continue;
    *t = (trial){.state = WAITING};
    j->asked++;
    any = true;
  }
  j->mode = "async";
  return any;
}

void job_attend(job *j) {
  int status;
  size_t begin, end;
  if (j->run == NULL) {
    if (next_range(j, &begin, &end) || (next_mode(j) && next_range(j, &begin, &end)))
      start_child(j, begin, end);
    else
      j->done = true;
    return;
  }
  listen_to(j);
  if (waitpid(j->run->pid, &status, WNOHANG) == j->run->pid) {
    listen_to(j);
    if (!j->run->ended || status != 0) tell_death(j, status);
  } else if (seconds_now() > j->run->deadline) {
    kill_hung(j);
  } else {
    return;
  }
  /* A child that ended before its first test would be started for ever. */
  for (size_t i = j->run->begin; i < j->run->end; i++)
    if (j->trials[i].state == RUNNING) j->trials[i].state = OVER;
  if (j->trials[j->run->begin].state == WAITING && j->trials[j->run->begin].runs == 0)
    for (size_t i = j->run->begin; i < j->group->count; i++) j->trials[i].state = OVER;
  end_child(j);
}

/* ---- A job ---- */

/* --op and --dtype ask for what these decide; --test may ask for the rest, too. */
static bool is_asked(const group *g, size_t test) {
  char name[112];
  const char *op = the_options->op, *tests = the_options->test;
  bool is_ops = strcmp(g->section, "ops") == 0 || strcmp(g->section, "numerics") == 0;
  bool is_typed = is_ops || strcmp(g->section, "migration") == 0;
  snprintf(name, sizeof name, "%s %s", g->name, g->tests[test].name);
  if (!has_part(name, tests)) return false;
  if (op != NULL && tests == NULL && !is_ops) return false;
  if (the_options->dtype != NULL && tests == NULL && !is_typed) return false;
  return op == NULL || !is_ops || known_computes(g->name, g->tests[test].name, op);
}

job *job_new(int device, const group *g) {
  job *j = allocated(sizeof *j);
  *j = (job){.device = device, .group = g};
  j->trials = allocated(g->count * sizeof *j->trials);
  j->mode = the_options->mode;
  if (j->mode == NULL && shows_ops(j)) j->mode = "sync";
  for (size_t i = 0; i < g->count; i++)
    if (is_asked(g, i)) {
      j->trials[i].state = WAITING;
      j->asked++;
      j->cost += known_seconds(g->name, g->tests[i].name);
    }
  j->done = j->asked == 0;
  return j;
}

void job_free(job *j) {
  free(j->trials);
  free(j);
}

int job_descriptor(const job *j) {
  return j->run != NULL ? j->run->pipe : -1;
}

const char *job_now(const job *j) {
  bool known = j->run != NULL && j->run->running >= 0;
  return known ? j->group->tests[j->run->running].name : NULL;
}

void job_stop(job *j) {
  if (j->run == NULL) return;
  kill(j->run->pid, SIGKILL);
  waitpid(j->run->pid, NULL, 0);
  j->run->running = -1;
  end_child(j);
}
