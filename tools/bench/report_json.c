/* All that was measured, as one JSON object. */
#include "records.h"

#include <stdio.h>

static void put_text(FILE *file, const char *name, const char *text, const char *end) {
  fprintf(file, "\"%s\": \"", name);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') fputc('\\', file);
    if ((unsigned char)*text >= ' ') fputc(*text, file);
  }
  fprintf(file, "\"%s", end);
}

static void put_spread(FILE *file, const char *name, const bench_spread *spread,
                       double scale) {
  fprintf(file, ", \"%s\": {\"median\": %.6g, \"least\": %.6g, \"most\": %.6g}", name,
          spread->median * scale, spread->least * scale, spread->most * scale);
}

static void put_record(FILE *file, const bench_records *all, const bench_record *record) {
  fprintf(file, "    {");
  put_text(file, "area", record->area, ", ");
  put_text(file, "name", record->name, "");
  if (record->unit[0]) {
    fprintf(file, ", \"value\": %.6g, ", record->value);
    put_text(file, "unit", record->unit, "");
  } else {
    put_spread(file, "ours_us", &record->ours, 1e6);
    if (record->other.median > 0) {
      fprintf(file, ", ");
      put_text(file, "other", record->reference, "");
      put_spread(file, "other_us", &record->other, 1e6);
      put_spread(file, "ratio", &record->ratio, 1);
    }
    if (record->bytes > 0)
      fprintf(file, ", \"bytes\": %.6g, \"gb_per_s\": %.6g", record->bytes,
              record->bytes / record->ours.median * 1e-9);
    if (record->flops > 0)
      fprintf(file, ", \"flops\": %.6g, \"gflop_per_s\": %.6g", record->flops,
              record->flops / record->ours.median * 1e-9);
    fprintf(file, ", \"share_of_limit\": %.4g", bench_share(all, record));
  }
  if (record->goal > 0) fprintf(file, ", \"goal\": %.4g", record->goal);
  if (record->note[0]) {
    fprintf(file, ", ");
    put_text(file, "note", record->note, "");
  }
  fprintf(file, "}");
}

bool bench_write_json(const bench_records *all, const char *path) {
  FILE *file = fopen(path, "w");
  if (!file) return false;
  const bench_machine *machine = &all->machine;
  fprintf(file, "{\n  ");
  put_text(file, "eagercl", eager_version(), ",\n  ");
  put_text(file, "date", machine->date, ",\n  ");
  put_text(file, "processor", machine->processor, ",\n  ");
  put_text(file, "device", machine->device, ",\n  ");
  put_text(file, "driver", machine->driver, ",\n  ");
  put_text(file, "compiler", machine->compiler, ",\n  ");
  put_text(file, "peers", machine->peers, ",\n  ");
  fprintf(file,
          "\"threads\": %d,\n  \"limits\": {\"gb_per_s\": %.6g, \"cached_gb_per_s\": %.6g, "
          "\"gflop_per_s\": %.6g, \"launch_us\": %.6g},\n  \"rows\": [\n",
          machine->threads, all->limits.bytes_per_second * 1e-9,
          all->limits.cached_bytes_per_second * 1e-9, all->limits.flops_per_second * 1e-9,
          all->limits.launch_seconds * 1e6);
  for (size_t i = 0; i < all->count; i++) {
    put_record(file, all, &all->items[i]);
    fprintf(file, i + 1 < all->count ? ",\n" : "\n");
  }
  fprintf(file, "  ]\n}\n");
  return fclose(file) == 0;
}
