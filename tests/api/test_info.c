/* ctest: */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <eagercl/eagercl.h>

/* eagercl-info lies one folder above the tests. */
static char tool[4096];

static int find_tool(void **state) {
  (void)state;
  char path[4000];
  ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
  if (size < 0) return -1;
  path[size] = '\0';
  *strrchr(path, '/') = '\0';
  snprintf(tool, sizeof tool, "%s/../eagercl-info", path);
  return access(tool, X_OK);
}

/* The caller frees `*out`. The exit status. */
static int run(const char *command, const char *arguments, char **out) {
  char line[4400];
  snprintf(line, sizeof line, "'%s' %s", command, arguments);
  FILE *pipe = popen(line, "r");
  assert_non_null(pipe);
  size_t size = 0, got;
  enum { CHUNK = 65536 };
  char *text = NULL;
  do {
    text = realloc(text, size + CHUNK + 1);
    assert_non_null(text);
    got = fread(text + size, 1, CHUNK, pipe);
    size += got;
  } while (got > 0);
  text[size] = '\0';
  *out = text;
  return WEXITSTATUS(pclose(pipe));
}

/* --- Reading the tool: one member per line. --- */

typedef char value[16384];

/* The member of the object that begins at `object`. */
static void json_member(const char *object, const char *key, value out) {
  char line[64];
  snprintf(line, sizeof line, "      \"%s\": ", key);
  const char *at = strstr(object, line), *end = strstr(object, "\n    }");
  assert_true(at != NULL && at < end);
  at += strlen(line);
  bool is_string = *at == '"';
  size_t length = 0;
  for (at += is_string; is_string ? *at != '"' : strchr(",\n", *at) == NULL; at++) {
    if (*at == '\\') at++;
    out[length++] = *at;
  }
  out[length] = '\0';
}

static const char *next_device(const char *at) {
  const char *end = strstr(at, "\n  \"skipped\"");
  const char *object = strstr(at, "\n    {\n");
  return object != NULL && (end == NULL || object < end) ? object + 6 : NULL;
}

static const char *find_device(const char *json, const char *platform, const char *device) {
  for (const char *at = json; (at = next_device(at)) != NULL;) {
    value its_platform, its_device;
    json_member(at, "platform", its_platform);
    json_member(at, "device", its_device);
    if (strcmp(its_platform, platform) == 0 && strcmp(its_device, device) == 0) return at;
  }
  return NULL;
}

static int count_devices(const char *json) {
  int count = 0;
  for (const char *at = json; (at = next_device(at)) != NULL;) count++;
  return count;
}

/* --- Reading clinfo --raw: "[POCL/0]    CL_DEVICE_NAME      basic". --- */

/* The next line of `key` from `at` and before `end` (NULL: the end of the text). */
static const char *raw_find(const char *at, const char *end, const char *key, value out) {
  size_t length = strlen(key);
  for (; (at = strstr(at, key)) != NULL && (end == NULL || at < end); at += length) {
    if (at[length] != ' ' || at[-1] != ' ') continue;
    const char *from = at + length + strspn(at + length, " ");
    size_t size = strcspn(from, "\n");
    while (size > 0 && from[size - 1] == ' ') size--;
    assert_true(size < sizeof(value));
    memcpy(out, from, size);
    out[size] = '\0';
    return at;
  }
  return NULL;
}

static void check_device(const char *object, const char *raw, const char *end) {
  static const struct {
    const char *member, *key;
  } same[] = {
      {"vendor", "CL_DEVICE_VENDOR"},
      {"driver_version", "CL_DRIVER_VERSION"},
      {"device_version", "CL_DEVICE_VERSION"},
      {"global_memory", "CL_DEVICE_GLOBAL_MEM_SIZE"},
      {"max_allocation", "CL_DEVICE_MAX_MEM_ALLOC_SIZE"},
      {"local_memory", "CL_DEVICE_LOCAL_MEM_SIZE"},
      {"compute_units", "CL_DEVICE_MAX_COMPUTE_UNITS"},
      {"max_work_group_size", "CL_DEVICE_MAX_WORK_GROUP_SIZE"},
  };
  value ours, theirs;
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    json_member(object, same[i].member, ours);
    assert_non_null(raw_find(raw, end, same[i].key, theirs));
    assert_string_equal(ours, theirs);
  }
  json_member(object, "type", ours);
  assert_non_null(raw_find(raw, end, "CL_DEVICE_TYPE", theirs));
  assert_non_null(strstr(theirs, ours));
  json_member(object, "unified_memory", ours);
  assert_non_null(raw_find(raw, end, "CL_DEVICE_HOST_UNIFIED_MEMORY", theirs));
  assert_string_equal(ours, strcmp(theirs, "CL_TRUE") == 0 ? "true" : "false");
  assert_non_null(raw_find(raw, end, "CL_DEVICE_EXTENSIONS", theirs));
  json_member(object, "has_float64", ours);
  assert_string_equal(ours, strstr(theirs, "cl_khr_fp64") != NULL ? "true" : "false");
  json_member(object, "has_float16_arithmetic", ours);
  assert_string_equal(ours, strstr(theirs, "cl_khr_fp16") != NULL ? "true" : "false");
}

/* Which devices clinfo shows and the tool does not must be told as aliases or as skipped.
 */
static void facts_agree_with_clinfo(void **state) {
  (void)state;
  char *json, *raw;
  if (system("command -v clinfo > /dev/null") != 0) {
    print_message("skipped: clinfo is not installed\n");
    skip();
  }
  assert_int_equal(run(tool, "--json", &json), 0);
  assert_int_equal(run("clinfo", "--raw", &raw), 0);
  int found = 0;
  value platform, device, told;
  const char *at = strstr(raw, "\n["), *name;
  for (; at != NULL && (name = raw_find(at, NULL, "CL_DEVICE_NAME", device)) != NULL;) {
    /* The last platform named before this device is its own. */
    for (const char *p = at; (p = raw_find(p, name, "CL_PLATFORM_NAME", platform)) != NULL;)
      p++;
    value ignored;
    const char *end = raw_find(name + 1, NULL, "CL_DEVICE_NAME", ignored);
    const char *object = find_device(json, platform, device);
    if (object != NULL) {
      check_device(object, name, end);
      found++;
    } else {
      snprintf(told, sizeof told, "%.8000s/%.8000s", platform, device);
      assert_non_null(strstr(json, told));
    }
    at = name + 1;
  }
  assert_int_equal(found, count_devices(json));
  free(json);
  free(raw);
}

static void the_tool_shows_what_the_library_tells(void **state) {
  (void)state;
  char *json, *table, *verbose;
  assert_int_equal(run(tool, "--json", &json), 0);
  assert_int_equal(run(tool, "", &table), 0);
  assert_int_equal(run(tool, "--verbose", &verbose), 0);
  assert_int_equal(count_devices(json), eager_physical_device_count());
  const char *at = json;
  for (size_t i = 0; i < eager_physical_device_count(); i++) {
    const eager_device_info *info;
    value member;
    assert_int_equal(eager_physical_device_get(i, &info), EAGER_OK);
    at = next_device(at);
    assert_non_null(at);
    json_member(at, "name", member);
    assert_string_equal(member, info->name);
    json_member(at, "stable_id", member);
    assert_string_equal(member, info->stable_id);
    json_member(at, "aliases", member);
    assert_string_equal(member, info->aliases);
    assert_non_null(strstr(table, info->short_name));
    assert_non_null(strstr(table, info->stable_id));
    assert_non_null(strstr(verbose, info->name));
    if (info->aliases[0] != '\0') assert_non_null(strstr(table, info->aliases));
  }
  for (size_t i = 0; i < eager_skipped_count(); i++) {
    assert_non_null(strstr(json, eager_skipped_reason(i)));
    assert_non_null(strstr(table, eager_skipped_reason(i)));
  }
  free(json);
  free(table);
  free(verbose);
}

static void ops_are_listed(void **state) {
  (void)state;
  char *json, *table;
  assert_int_equal(run(tool, "--ops --json", &json), 0);
  assert_int_equal(run(tool, "--ops", &table), 0);
  assert_true(eager_op_count() > 0);
  for (size_t i = 0; i < eager_op_count(); i++) {
    char text[200];
    snprintf(text, sizeof text, "      \"name\": \"%s\",\n", eager_op_name(i));
    assert_non_null(strstr(json, text));
    snprintf(text, sizeof text, "\n%s(", eager_op_name(i));
    assert_non_null(strstr(table, text));
  }
  free(json);
  free(table);
}

static void bad_options_are_one_line_and_status_2(void **state) {
  (void)state;
  static const char *const bad[] = {"--bogus", "--json --verbose=1", "GPU:0", "-j", "''"};
  static const char *const named[] = {"--bogus", "--verbose=1", "GPU:0", "-j", ""};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char arguments[100], expected[100], *text;
    snprintf(arguments, sizeof arguments, "%s 2>&1", bad[i]);
    snprintf(expected, sizeof expected, "eagercl-info: unknown option '%s'; see --help\n",
             named[i]);
    assert_int_equal(run(tool, arguments, &text), 2);
    assert_string_equal(text, expected);
    free(text);
  }
}

static void help_names_the_options(void **state) {
  (void)state;
  char *text;
  assert_int_equal(run(tool, "--help", &text), 0);
  assert_non_null(strstr(text, "--json"));
  assert_non_null(strstr(text, "--verbose"));
  assert_non_null(strstr(text, "--ops"));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(facts_agree_with_clinfo),
      cmocka_unit_test(the_tool_shows_what_the_library_tells),
      cmocka_unit_test(ops_are_listed),
      cmocka_unit_test(bad_options_are_one_line_and_status_2),
      cmocka_unit_test(help_names_the_options),
  };
  return cmocka_run_group_tests(tests, find_tool, NULL);
}
