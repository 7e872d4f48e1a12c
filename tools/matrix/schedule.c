#include "schedule.h"

#include <poll.h>

#include "live.h"
#include "report.h"

typedef struct lane {
  int device, next_group, running;
  double done, all; /* costs, by known.h */
} lane;

typedef struct slot {
  lane *lane;
  job *job;
} slot;

static lane lanes[MAX_DEVICES];
static int lane_count;
static slot slots[MAX_JOBS];

static bool is_chosen(const machine_device *d) {
  const char *asked = the_options->device;
  char exact[256];
  snprintf(exact, sizeof exact, "%s/%s", d->platform, d->device);
  return asked == NULL || strcmp(d->name, asked) == 0 ||
         (has_part(exact, asked) && strchr(asked, ':') == NULL);
}

static double cost_of_all(int number) {
  double cost = 0;
  for (int i = 0; i < group_count; i++) {
    job *j = job_new(number, &groups[i]);
    cost += j->cost;
    job_free(j);
  }
  return cost;
}

bool schedule_make(void) {
  for (int i = 0; i < the_machine->count; i++)
    if (is_chosen(&the_machine->devices[i]))
      lanes[lane_count++] = (lane){.device = i, .all = cost_of_all(i)};
  return lane_count > 0;
}

bool schedule_has(int device) {
  for (int i = 0; i < lane_count; i++)
    if (lanes[i].device == device) return true;
  return false;
}

/* The next group with something to do; NULL: none is left. */
static job *next_job(lane *l) {
  while (l->next_group < group_count) {
    job *j = job_new(l->device, &groups[l->next_group++]);
    if (!j->done) return j;
    job_free(j);
  }
  return NULL;
}

/* Of those that have groups left one with the fewest at work, then the one most behind. */
static lane *next_lane(void) {
  lane *best = NULL;
  for (int i = 0; i < lane_count; i++) {
    lane *l = &lanes[i];
    if (l->next_group == group_count) continue;
    bool behind = best != NULL && l->running == best->running &&
                  l->done * best->all < best->done * l->all;
    if (best == NULL || l->running < best->running || behind) best = l;
  }
  return best;
}

static bool fill(slot *s) {
  while (s->job == NULL && (s->lane = next_lane()) != NULL) s->job = next_job(s->lane);
  if (s->job == NULL) return false;
  s->lane->running++;
  return true;
}

/* False when there is nothing left for it to do. */
static bool attend(slot *s) {
  if (s->job == NULL && !fill(s)) return false;
  job_attend(s->job);
  if (!s->job->done) return true;
  s->lane->done += s->job->cost;
  s->lane->running--;
  job_free(s->job);
  s->job = NULL;
  return true;
}

static void draw(double begun, bool last) {
  progress all[MAX_DEVICES];
  for (int i = 0; i < lane_count; i++) {
    const lane *l = &lanes[i];
    all[i] = (progress){&the_machine->devices[l->device], l->device, l->done, l->all, 0, 0};
    for (int k = 0; k < the_options->jobs; k++) {
      const job *j = slots[k].job;
      if (slots[k].lane != l || j == NULL) continue;
      if (j->asked > 0) all[i].done += j->cost * j->over / j->asked;
      all[i].group = j->group->name;
      all[i].test = job_now(j);
    }
  }
  live_draw(all, lane_count, seconds_now() - begun, last);
}

static void tell_failures(void) {
  for (int i = 0; i < result_count; i++) {
    result *r = &results[i];
    if (r->told || !result_is_bad(r) || strcmp(r->section, "tests") == 0) continue;
    r->told = true;
    const char *text = r->text != NULL ? r->text : "";
    live_say("%s: %s %s %s %s: %.*s", status_names[r->status],
             the_machine->devices[r->device].name, r->row, report_dtype(r), report_mode(r),
             (int)strcspn(text, "\n"), text);
  }
}

/* Until one of them has something to say, or wants to be gone on with. */
static void wait_for_any(void) {
  struct pollfd all[MAX_JOBS];
  int count = 0;
  bool waits = true;
  for (int i = 0; i < the_options->jobs; i++) {
    if (slots[i].job == NULL) continue;
    int descriptor = job_descriptor(slots[i].job);
    waits = waits && descriptor >= 0;
    if (descriptor >= 0) all[count++] = (struct pollfd){.fd = descriptor, .events = POLLIN};
  }
  poll(all, (nfds_t)count, count > 0 && waits ? 50 : 0);
}

void schedule_run(double begun, const volatile sig_atomic_t *interrupted) {
  int jobs = the_options->jobs;
  bool more = true;
  while (more && !*interrupted) {
    more = false;
    for (int i = 0; i < jobs; i++) more = attend(&slots[i]) || more;
    tell_failures();
    draw(begun, false);
    wait_for_any();
  }
  for (int i = 0; i < jobs; i++)
    if (slots[i].job != NULL) job_stop(slots[i].job);
  draw(begun, true);
}
