/* The JSON object: one member per line. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <eagercl/eagercl.h>

#include "eagercl_info.h"

static void print_string(const char *text) {
  putchar('"');
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      printf("\\%c", c);
    else if (c < 0x20)
      printf("\\u%04x", (unsigned)c);
    else
      putchar(c);
  }
  putchar('"');
}

static void print_text(const char *key, const char *text) {
  printf("      \"%s\": ", key);
  print_string(text);
  printf(",\n");
}

static void print_number(const char *key, uint64_t value) {
  printf("      \"%s\": %llu,\n", key, (unsigned long long)value);
}

static void print_flag(const char *key, bool flag, bool is_last) {
  printf("      \"%s\": %s%s\n", key, flag ? "true" : "false", is_last ? "" : ",");
}

static void print_device(const eager_device_info *info) {
  print_text("name", info->name);
  print_text("short_name", info->short_name);
  print_text("type", info_type_name(info->type));
  print_text("device", info->device);
  print_text("vendor", info->vendor);
  print_text("platform", info->platform);
  print_text("driver_version", info->driver_version);
  print_text("device_version", info->device_version);
  print_text("stable_id", info->stable_id);
  print_text("aliases", info->aliases);
  print_number("global_memory", info->global_memory);
  print_number("max_allocation", info->max_allocation);
  print_number("local_memory", info->local_memory);
  print_number("compute_units", info->compute_units);
  print_number("max_work_group_size", info->max_work_group_size);
  print_flag("has_float64", info->has_float64, false);
  print_flag("has_float16_arithmetic", info->has_float16_arithmetic, false);
  print_flag("unified_memory", info->unified_memory, false);
  print_flag("is_simulator", info->is_simulator, false);
  print_flag("has_async_enqueue", info->has_async_enqueue, true);
}

static bool print_devices(void) {
  size_t count = eager_physical_device_count();
  printf("  \"devices\": [");
  for (size_t i = 0; i < count; i++) {
    const eager_device_info *info;
    if (eager_physical_device_get(i, &info) != EAGER_OK) return false;
    printf("%s\n    {\n", i == 0 ? "" : ",");
    print_device(info);
    printf("    }");
  }
  printf("%s],\n", count == 0 ? "" : "\n  ");
  return true;
}

static void print_skipped(void) {
  size_t count = eager_skipped_count();
  printf("  \"skipped\": [");
  for (size_t i = 0; i < count; i++) {
    printf("%s\n    ", i == 0 ? "" : ",");
    print_string(eager_skipped_reason(i));
  }
  printf("%s]", count == 0 ? "" : "\n  ");
}

/* --- Ops. --- */

static const char *const kind_names[] = {
    [EAGER_ATTR_INT] = "int",
    [EAGER_ATTR_FLOAT] = "float",
    [EAGER_ATTR_BOOL] = "bool",
    [EAGER_ATTR_DTYPE] = "dtype",
    [EAGER_ATTR_STRING] = "string",
    [EAGER_ATTR_INT_LIST] = "int_list",
    [EAGER_ATTR_FLOAT_LIST] = "float_list",
};

static void print_attr(const eager_attr_description *attr) {
  printf("{\"name\": ");
  print_string(attr->name);
  printf(", \"kind\": \"%s\", \"required\": %s, \"default\": ", kind_names[attr->kind],
         attr->required ? "true" : "false");
  print_string(attr->default_text);
  printf("}");
}

/* A list of words as a list of strings. */
static void print_words(const char *words) {
  bool is_first = true;
  printf("[");
  for (;;) {
    char word[32];
    words += strspn(words, " ");
    size_t length = strcspn(words, " ");
    if (length == 0) break;
    snprintf(word, sizeof word, "%.*s", (int)length, words);
    printf("%s", is_first ? "" : ", ");
    print_string(word);
    is_first = false;
    words += length;
  }
  printf("]");
}

static void print_op(const eager_op_description *op) {
  print_text("name", op->name);
  printf("      \"inputs\": [");
  for (int i = 0; i < op->input_count; i++) {
    printf("%s", i == 0 ? "" : ", ");
    print_string(op->input_names[i]);
  }
  printf("],\n      \"variadic_input\": %d,\n", op->variadic_input);
  printf("      \"outputs\": %d,\n      \"attrs\": [", op->output_count);
  for (int i = 0; i < op->attr_count; i++) {
    printf("%s", i == 0 ? "" : ", ");
    print_attr(&op->attrs[i]);
  }
  printf("],\n      \"dtypes\": ");
  print_words(op->dtypes);
  printf(",\n");
  print_flag("may_fail_on_device", op->may_fail_on_device, true);
}

static bool print_ops(void) {
  size_t count = eager_op_count();
  printf(",\n  \"ops\": [");
  for (size_t i = 0; i < count; i++) {
    eager_op_description op;
    if (eager_op_describe(eager_op_name(i), &op) != EAGER_OK) return false;
    printf("%s\n    {\n", i == 0 ? "" : ",");
    print_op(&op);
    printf("    }");
  }
  printf("%s]", count == 0 ? "" : "\n  ");
  return true;
}

bool info_print_json(bool with_ops) {
  printf("{\n  \"version\": ");
  print_string(eager_version());
  printf(",\n");
  if (!print_devices()) return false;
  print_skipped();
  if (with_ops && !print_ops()) return false;
  printf("\n}\n");
  return true;
}
