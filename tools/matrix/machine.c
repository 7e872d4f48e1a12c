/* Which devices there are: looked up by a child, since a broken driver may crash or hang
 * already then. */
#include "matrix.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_SECONDS = 60 };

void *shared_memory(size_t size) {
  void *memory = MAP_FAILED;
  FILE *file = tmpfile(); /* POSIX has no other anonymous shared memory */
  if (file != NULL && ftruncate(fileno(file), (off_t)size) == 0)
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
  if (file != NULL) fclose(file);
  return memory == MAP_FAILED ? NULL : memory;
}

#define COPY(field) snprintf(to->field, sizeof to->field, "%s", from->field)

static void copy_device(machine_device *to, const eager_device_info *from) {
  snprintf(to->name, sizeof to->name, "%s", from->short_name);
  COPY(device), COPY(platform), COPY(vendor), COPY(driver_version);
  COPY(device_version), COPY(stable_id);
  to->global_memory = from->global_memory;
  to->local_memory = from->local_memory;
  to->max_allocation = from->max_allocation;
  to->compute_units = from->compute_units;
  to->max_work_group_size = from->max_work_group_size;
  to->has_float64 = from->has_float64;
  to->has_float16_arithmetic = from->has_float16_arithmetic;
  to->unified_memory = from->unified_memory;
  to->is_simulator = from->is_simulator;
  to->has_async_enqueue = from->has_async_enqueue;
}

/* In the child; its exit status says whether the library failed. */
static int look(machine *out) {
  size_t count = eager_physical_device_count(), skipped = eager_skipped_count();
  for (size_t i = 0; i < count && i < MAX_DEVICES; i++) {
    const eager_device_info *info;
    if (eager_physical_device_get(i, &info) != EAGER_OK) return 1;
    copy_device(&out->devices[out->count], info);
    out->count++;
  }
  for (size_t i = 0; i < skipped && i < MAX_SKIPPED; i++)
    snprintf(out->skipped[out->skipped_count++], sizeof out->skipped[0], "%s",
             eager_skipped_reason(i));
  return 0;
}

bool machine_look(machine *out, char *why, size_t why_size) {
  machine *shared = shared_memory(sizeof *shared);
  if (shared == NULL) return snprintf(why, why_size, "no shared memory"), false;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) _exit(look(shared));
  if (pid < 0) return snprintf(why, why_size, "no process could be made"), false;
  double deadline = seconds_now() + LIMIT_SECONDS;
  int status = 0;
  bool over = false;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (!over && seconds_now() > deadline) {
      over = true;
      kill(pid, SIGKILL);
    }
    sleep_milliseconds(5);
  }
  *out = *shared;
  munmap(shared, sizeof *shared);
  if (over)
    snprintf(why, why_size, "listing the devices took more than %d s", LIMIT_SECONDS);
  else if (WIFSIGNALED(status))
    snprintf(why, why_size, "listing the devices crashed: signal %d", WTERMSIG(status));
  else if (WEXITSTATUS(status) != 0)
    snprintf(why, why_size, "listing the devices failed");
  else
    return true;
  return false;
}
