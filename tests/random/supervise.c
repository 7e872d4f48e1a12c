#include "random/supervise.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "random/generate.h"
#include "random/print.h"
#include "random/shrink.h"
#include "random/world.h"

enum { SILENCE = 100 /* seconds without a word: hung */, MAX_THREADS = 8, TRIES = 4 };
enum { EXIT_WRONG = 3 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

typedef struct message {
  enum { BEGINS, ENDS, IS_WRONG, WORLD } kind;
  int thread;
  uint64_t seed;
} message; /* IS_WRONG: the problem follows; WORLD: the world */

/* --- The child --- */

static struct {
  int pipe;
  rp_world world;
  rp_batch batch;
  _Atomic int64_t next;
  _Atomic bool failed;
  _Atomic long half; /* KB resident half-way */
  time_t end;
} self;

/* Three of four of what runs as graphs are made for planners. */
static void generate(rp_way way, uint64_t seed, const rp_world *world, rp_program *out) {
  rp_generate(seed, way == RP_AS_GRAPHS && seed % 4 < 3 ? RP_CHAINS : RP_MIXED, world, out);
}

static rp_verdict execute(rp_way way, const rp_program *program, char *problem) {
  return way == RP_AS_GRAPHS ? rp_execute_as_graph(program, &self.world, problem)
                             : rp_execute(program, &self.world, problem);
}

static void tell(message m, const void *more, size_t size) {
  char all[sizeof m + RP_PROBLEM + sizeof(rp_world)];
  memcpy(all, &m, sizeof m);
  if (size > 0) memcpy(all + sizeof m, more, size);
  if (write(self.pipe, all, sizeof m + size) != (ssize_t)(sizeof m + size)) _exit(1);
}

/* KB in memory. */
static long resident(void) {
  long all = 0, held = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld %ld", &all, &held) != 2) held = 0;
  fclose(file);
  return held * (sysconf(_SC_PAGESIZE) / 1024);
}

static void *run_some(void *argument) {
  int thread = (int)(intptr_t)argument;
  rp_program *program = malloc(sizeof *program);
  char problem[RP_PROBLEM] = "";
  if (program == NULL) abort();
  while (!self.failed) {
    int64_t i = self.next++;
    if (i == self.batch.count / 2) self.half = resident();
    if (i >= self.batch.count || (self.end != 0 && time(NULL) >= self.end)) break;
    uint64_t seed = self.batch.first + (uint64_t)i;
    tell((message){BEGINS, thread, seed}, NULL, 0);
    generate(self.batch.way, seed, &self.world, program);
    bool good = execute(self.batch.way, program, problem) == RP_RIGHT;
    if (!good) self.failed = true;
    if (!good) tell((message){IS_WRONG, thread, seed}, problem, sizeof problem);
    if (good) tell((message){ENDS, thread, seed}, NULL, 0);
  }
  free(program);
  return NULL;
}

/* Long batches: once kernels are built, memory must not grow with programs. */
static bool is_flat(long half, long end) {
  enum { MANY = 40000, GROWTH_KB = 96 * 1024 };
  printf("  %ld KB resident half-way, %ld KB at the end\n", half, end);
  return self.next < MANY || self.batch.threads > 1 || end - half < GROWTH_KB;
}

static void print_counts(rp_way way) {
  const rp_counts *c = &rp_counted;
  if (way == RP_AS_GRAPHS)
    printf("  %ld steps, %ld ops recorded and %ld run beside, %ld runs refused", c->steps,
           c->ops, c->alone, c->refused);
  else
    printf("  %ld steps, %ld ops of which %ld refused, %ld handles failed, %ld poisoned",
           c->steps, c->ops, c->refused, c->failed, c->poisoned);
  printf(", %ld tensors of %ld elements compared\n", c->values, c->elements);
}

static int run_batch(void) {
  pthread_t threads[MAX_THREADS];
  self.world.is_shared = self.batch.threads > 1;
  tell((message){WORLD, 0, 0}, &self.world, sizeof self.world);
  self.end = self.batch.seconds > 0 ? time(NULL) + self.batch.seconds : 0;
  for (int i = 1; i < self.batch.threads; i++)
    if (pthread_create(&threads[i], NULL, run_some, (void *)(intptr_t)i) != 0) abort();
  run_some(NULL);
  for (int i = 1; i < self.batch.threads; i++) pthread_join(threads[i], NULL);
  print_counts(self.batch.way);
  if (self.failed) return EXIT_WRONG;
  (void)!eager_synchronize(NULL); /* its answer is some program's */
  bool is_empty = rp_world_is_empty(&self.world);
  bool flat = is_flat(self.half, resident());
  return rp_world_leave() && is_empty && flat ? 0 : 1;
}

/* One program after the other, each when a byte comes, until no more do: what they share is
 * then built once. After a failure that left something behind this process ends. */
static int run_files(rp_way way, const char *path, int tries) {
  static rp_program program;
  static char problem[RP_PROBLEM];
  tell((message){WORLD, 0, 0}, &self.world, sizeof self.world);
  for (char go; read(0, &go, 1) == 1;) {
    if (!rp_load(&program, path)) return 1;
    rp_verdict verdict = RP_RIGHT;
    for (int i = 0; i < tries && verdict == RP_RIGHT; i++)
      verdict = execute(way, &program, problem);
    bool is_clean = verdict == RP_RIGHT || rp_world_is_empty(&self.world);
    if (verdict == RP_WRONG)
      tell((message){IS_WRONG, !is_clean, program.seed}, problem, sizeof problem);
    else
      tell((message){ENDS, 0, program.seed}, NULL, 0);
    if (!is_clean) return EXIT_WRONG;
  }
  return rp_world_leave() ? 0 : 1;
}

/* --serve PIPE WAY batch FIRST COUNT SECONDS THREADS, or --serve PIPE WAY files PATH TRIES
 */
void rp_serve(int argc, char **argv) {
  if (argc < 7 || strcmp(argv[1], "--serve") != 0) return;
  self.pipe = atoi(argv[2]);
  if (!test_lane_exists()) exit(TEST_SKIPPED);
  if (!rp_world_enter(&self.world)) exit(1);
  rp_way way = (rp_way)atoi(argv[3]);
  if (strcmp(argv[4], "files") == 0) exit(run_files(way, argv[5], atoi(argv[6])));
  if (argc < 9) exit(1);
  self.batch.way = way;
  self.batch.first = strtoull(argv[5], NULL, 10);
  self.batch.count = strtoll(argv[6], NULL, 10);
  self.batch.seconds = atoi(argv[7]);
  self.batch.threads = atoi(argv[8]);
  exit(run_batch());
}

/* --- The supervisor --- */

typedef struct child {
  pid_t pid;
  int pipe, in; /* what it says, and its standard input */
} child;

static child spawn(rp_way way, const char *const *words) {
  int ends[2], in[2];
  char number[16], how[16];
  const char *all[16] = {"/proc/self/exe", "--serve", number, how};
  for (int i = 0; words[i] != NULL; i++) all[4 + i] = words[i];
  if (pipe(ends) != 0 || pipe(in) != 0) abort();
  snprintf(number, sizeof number, "%d", ends[1]);
  snprintf(how, sizeof how, "%d", (int)way);
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) {
    close(ends[0]);
    close(in[1]);
    dup2(in[0], 0);
    execv(all[0], (char *const *)all);
    _exit(127);
  }
  close(ends[1]);
  close(in[0]);
  return (child){pid, ends[0], in[1]};
}

static bool receive(int pipe, void *into, size_t size) {
  char *to = into;
  while (size > 0) {
    ssize_t got = read(pipe, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    size -= (size_t)got;
  }
  return true;
}

/* What the child says until it ends; true if it ended well. */
static bool follow(child c, rp_report *report) {
  uint64_t current[MAX_THREADS] = {0};
  bool hung = false, told = false;
  for (;;) {
    message m;
    struct pollfd ready = {.fd = c.pipe, .events = POLLIN};
    if (poll(&ready, 1, SILENCE * 1000) == 0) hung = true;
    if (hung || !receive(c.pipe, &m, sizeof m)) break;
    if (m.kind == WORLD && !receive(c.pipe, &report->world, sizeof report->world)) break;
    if (m.kind == BEGINS) current[m.thread] = m.seed;
    if (m.kind == ENDS) report->programs++;
    if (m.kind != IS_WRONG) continue;
    char problem[RP_PROBLEM];
    if (!receive(c.pipe, problem, sizeof problem)) break;
    if (told) continue;
    told = true;
    report->seed = m.seed;
    memcpy(report->problem, problem, sizeof problem);
  }
  if (hung) kill(c.pid, SIGKILL);
  int status = 0;
  waitpid(c.pid, &status, 0);
  close(c.pipe);
  close(c.in);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  report->skipped = WIFEXITED(status) && WEXITSTATUS(status) == TEST_SKIPPED;
  if (told) return false;
  report->seed = current[0];
  snprintf(report->problem, sizeof report->problem, "%s (signal %d, status %d)",
           hung ? "hung" : "the process ended", WIFSIGNALED(status) ? WTERMSIG(status) : 0,
           WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return false;
}

/* Ends a child that was asked for candidates; its wait status. */
static int end(child *c, bool by_force) {
  int status = 0;
  if (by_force) kill(c->pid, SIGKILL);
  close(c->in);
  close(c->pipe);
  waitpid(c->pid, &status, 0);
  c->pid = 0;
  return status;
}

typedef struct candidates {
  rp_way way;
  char path[64];
  child child;              /* its pid is 0 when there is none */
  char problem[RP_PROBLEM]; /* of the last one that failed */
} candidates;

static bool start(candidates *c) {
  char tries[16];
  message m;
  rp_world world;
  snprintf(tries, sizeof tries, "%d", TRIES);
  const char *words[] = {"files", c->path, tries, NULL};
  c->child = spawn(c->way, words);
  if (receive(c->child.pipe, &m, sizeof m) && receive(c->child.pipe, &world, sizeof world))
    return true;
  end(&c->child, false);
  return false;
}

static bool fails_in_a_child(const rp_program *program, void *user) {
  candidates *c = user;
  message m;
  if (!rp_save(program, c->path)) abort();
  if (c->child.pid == 0 && !start(c)) return false;
  struct pollfd ready = {.fd = c->child.pipe, .events = POLLIN};
  bool asked = write(c->child.in, "", 1) == 1;
  bool hung = poll(&ready, 1, SILENCE * 1000) == 0;
  if (asked && !hung && receive(c->child.pipe, &m, sizeof m)) {
    if (m.kind != IS_WRONG) return false;
    bool told = receive(c->child.pipe, c->problem, sizeof c->problem);
    if (!told || m.thread != 0) end(&c->child, !told);
    return true;
  }
  int status = end(&c->child, hung);
  snprintf(c->problem, sizeof c->problem, "%s (signal %d)",
           hung ? "hung" : "the process ended", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return true;
}

void rp_supervise(const rp_batch *batch, rp_report *report) {
  char first[32], count[32], seconds[16], threads[16];
  memset(report, 0, sizeof *report);
  snprintf(first, sizeof first, "%llu", (unsigned long long)batch->first);
  snprintf(count, sizeof count, "%lld", (long long)batch->count);
  snprintf(seconds, sizeof seconds, "%d", batch->seconds);
  snprintf(threads, sizeof threads, "%d", batch->threads);
  const char *words[] = {"batch", first, count, seconds, threads, NULL};
  report->passed = follow(spawn(batch->way, words), report);
  if (report->passed || report->skipped || report->world.device_count == 0) return;
  rp_world alone = report->world;
  alone.is_shared = false;
  generate(batch->way, report->seed, &report->world, &report->program);
  candidates c = {.way = batch->way, .path = "/tmp/eagercl_random_XXXXXX"};
  int file = mkstemp(c.path);
  signal(SIGPIPE, SIG_IGN); /* a child may be gone when it is asked */
  if (file >= 0) close(file);
  if (fails_in_a_child(&report->program, &c)) {
    rp_shrinking shrinking = {.world = &alone,
                              .still_fails = fails_in_a_child,
                              .user = &c,
                              .seconds = batch->shrink_seconds};
    rp_shrink(&report->program, &shrinking);
    report->candidates = shrinking.tried;
    memcpy(report->problem, c.problem, sizeof c.problem);
    report->world = alone;
  }
  if (c.child.pid != 0) end(&c.child, false);
  remove(c.path);
}

/* --- The tests --- */

static uint64_t number(const char *variable, uint64_t otherwise) {
  const char *text = getenv(variable);
  return text != NULL && *text != '\0' ? strtoull(text, NULL, 10) : otherwise;
}

static void print_steps(const rp_program *program) {
  for (int i = 0; i < program->step_count; i++)
    printf("    %2d  %s\n", i, rp_step_text(&program->steps[i]));
}

static void print_failure(rp_way way, const rp_report *report) {
  printf("  program %llu fails: %s\n", (unsigned long long)report->seed, report->problem);
  printf("  shrunk to %d steps in %d trials; the whole one again:\n"
         "  EAGERCL_RANDOM_PROGRAM=%llu\n",
         report->program.step_count, report->candidates, (unsigned long long)report->seed);
  print_steps(&report->program);
  (way == RP_AS_GRAPHS ? rp_print_graph_c : rp_print_c)(stdout, &report->program,
                                                        &report->world, report->problem);
}

void rp_test(rp_way way, int seconds, int threads) {
  rp_batch batch = {.way = way,
                    .first = number("EAGERCL_TEST_SEED", 1) * 1000000000u,
                    .count = (int64_t)number("EAGERCL_RANDOM_PROGRAMS", 0),
                    .threads = threads,
                    .shrink_seconds = (int)number("EAGERCL_RANDOM_SHRINK", 90)};
  if (batch.count == 0) {
    batch.count = INT32_MAX;
    batch.seconds = IS_SANITIZED ? (seconds + 1) / 2 : seconds;
  }
  if (getenv("EAGERCL_RANDOM_PROGRAM") != NULL) {
    batch.first = number("EAGERCL_RANDOM_PROGRAM", 1);
    batch.count = batch.threads = 1;
  }
  test_time_limit(batch.seconds > 0 ? batch.seconds + 300 : 1000000);
  rp_report *report = test_alloc(sizeof *report);
  time_t begin = time(NULL);
  rp_supervise(&batch, report);
  if (report->skipped) test_skip("no such device here");
  printf("  %lld programs from seed %llu on, %d threads, %ld s\n",
         (long long)report->programs, (unsigned long long)batch.first, batch.threads,
         (long)(time(NULL) - begin));
  if (report->passed && getenv("EAGERCL_RANDOM_PROGRAM") != NULL) {
    generate(way, batch.first, &report->world, &report->program);
    print_steps(&report->program);
  }
  if (!report->passed) print_failure(way, report);
  assert_true(report->passed);
  assert_true(report->programs > 0);
}
