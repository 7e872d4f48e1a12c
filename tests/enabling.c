#include "enabling.h"

#include <pthread.h>
#include <unistd.h>

extern char **environ;

int without_environment(void **state) {
  (void)state;
  const char *cache = getenv("EAGERCL_CACHE_DIR");
  if (cache != NULL && setenv("XDG_CACHE_HOME", cache, 1) != 0) return -1;
  for (char **entry = environ; *entry != NULL;) {
    char name[128];
    size_t length = strcspn(*entry, "=");
    bool ours = strncmp(*entry, "EAGERCL_", 8) == 0 &&
                strncmp(*entry, "EAGERCL_TEST_", 13) != 0 && length < sizeof name;
    if (!ours) {
      entry++;
      continue;
    }
    memcpy(name, *entry, length);
    name[length] = '\0';
    if (unsetenv(name) != 0) return -1;
  }
  return 0;
}

int both_groups(int together, int each) {
  if (together == TEST_SKIPPED) return each;
  return together != 0 || each == TEST_SKIPPED ? together : each;
}

/* ---- Drivers ---- */

static char folder[64] = "/tmp/eagercl-test-XXXXXX", driver[4096];

static void remove_folder(void) {
  unlink(driver);
  rmdir(folder);
}

static bool use_folder(void) {
  return mkdtemp(folder) != NULL && atexit(remove_folder) == 0 &&
         setenv("OCL_ICD_VENDORS", folder, 1) == 0;
}

void use_no_driver(void) {
  assert_true(use_folder());
}

bool use_only_driver(const char *name) {
  const char *vendors = getenv("OCL_ICD_VENDORS");
  char *from = test_alloc(4096);
  snprintf(from, 4096, "%s/%s.icd", vendors != NULL ? vendors : "/etc/OpenCL/vendors",
           name);
  if (access(from, R_OK) != 0) return false;
  assert_true(use_folder());
  snprintf(driver, sizeof driver, "%s/%s.icd", folder, name);
  return symlink(from, driver) == 0;
}

/* ---- Devices ---- */

static const eager_device_info *find_physical(const char *selector) {
  const char *slash = strchr(selector, '/');
  char platform[64] = "";
  snprintf(platform, sizeof platform, "%.*s", (int)(slash - selector), selector);
  for (size_t i = 0; i < eager_physical_device_count(); i++) {
    const eager_device_info *info = NULL;
    assert_ok(eager_physical_device_get(i, &info));
    if (strstr(info->platform, platform) != NULL && strstr(info->device, slash + 1) != NULL)
      return info;
  }
  return NULL;
}

bool has_device(const char *selector) {
  return find_physical(selector) != NULL;
}

const eager_device_info *need_device(const char *selector) {
  const eager_device_info *info = find_physical(selector);
  if (info == NULL) test_skip("no device %s here", selector);
  return info;
}

eager_status enable_defaults(void) {
  return eager_enable_execution(NULL, EAGER_DEVICE_PLACEMENT_AUTO, EAGER_EXECUTION_AUTO);
}

eager_status enable_devices(const char *list) {
  return eager_enable_execution(&(eager_config){.visible_device_list = list},
                                EAGER_DEVICE_PLACEMENT_SILENT, EAGER_SYNC);
}

const char *current_device(void) {
  eager_tensor *t = NULL;
  assert_ok(eager_scalar_float32(1, &t));
  const char *name = eager_tensor_device(t);
  eager_tensor_release(t);
  return name;
}

/* ---- The log ---- */

enum { LINES = 256 };

static pthread_mutex_t book_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  int count;
  eager_log_level levels[LINES];
  char lines[LINES][512];
  void *user;
} book;

void keep_log(eager_log_level level, const char *message, void *user) {
  pthread_mutex_lock(&book_lock);
  if (book.count < LINES) {
    book.levels[book.count] = level;
    snprintf(book.lines[book.count++], sizeof book.lines[0], "%s", message);
  }
  book.user = user;
  pthread_mutex_unlock(&book_lock);
}

int logged_count(const char *part) {
  int count = 0;
  pthread_mutex_lock(&book_lock);
  for (int i = 0; i < book.count; i++) count += strstr(book.lines[i], part) != NULL;
  pthread_mutex_unlock(&book_lock);
  return count;
}

static int find_line(const char *part) {
  int i = 0;
  while (i < book.count && strstr(book.lines[i], part) == NULL) i++;
  if (i == book.count) fail_msg("not logged: %s", part);
  return i;
}

eager_log_level logged_level(const char *part) {
  return book.levels[find_line(part)];
}

const char *logged_line(const char *part) {
  return book.lines[find_line(part)];
}

void *logged_user(void) {
  return book.user;
}

/* ---- Standard error ---- */

static FILE *captured;
static int real_stderr;

void capture_begin(void) {
  fflush(stderr);
  captured = tmpfile();
  assert_non_null(captured);
  real_stderr = dup(STDERR_FILENO);
  assert_true(real_stderr >= 0);
  assert_true(dup2(fileno(captured), STDERR_FILENO) >= 0);
}

const char *capture_end(void) {
  enum { ROOM = 16384 };
  char *text = test_alloc(ROOM);
  fflush(stderr);
  assert_true(dup2(real_stderr, STDERR_FILENO) >= 0);
  close(real_stderr);
  rewind(captured);
  text[fread(text, 1, ROOM - 1, captured)] = '\0';
  fclose(captured);
  return text;
}
