/* One picture readable by itself: the roofline above, the ratios as bars below. */
#include "records.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  WIDTH = 1200,
  LEFT = 360,
  RIGHT = 190, /* room for the texts behind the bars */
  BAR_HEIGHT = 15,
  ROOF_HEIGHT = 380,
  HEAD = 70,
};

static const char *const colours[] = {"#3b6fb6", "#c8553d", "#4f9d69", "#8e5ea2",
                                      "#c49a2b", "#3aa6a6", "#b5477d", "#6b7a8f"};

static const char *colour_of(const char *area) {
  unsigned sum = 0;
  for (; *area; area++) sum = sum * 31 + (unsigned char)*area;
  return colours[sum % (sizeof colours / sizeof *colours)];
}

static void put_escaped(FILE *file, const char *text) {
  for (; *text; text++) {
    if (*text == '<')
      fputs("&lt;", file);
    else if (*text == '&')
      fputs("&amp;", file);
    else
      fputc(*text, file);
  }
}

static void put_label(FILE *file, double x, double y, const char *anchor,
                      const char *text) {
  fprintf(file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
  put_escaped(file, text);
  fprintf(file, "</text>\n");
}

static void put_line(FILE *file, double x0, double y0, double x1, double y1,
                     const char *style) {
  fprintf(file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x0, y0, x1,
          y1, style);
}

/* --- The roofline: operations a byte against operations a second, both logarithmic --- */

typedef struct roof {
  double left, top, width, height;
  double x0, x1, y0, y1; /* powers of two at the edges */
} roof;

static double roof_x(const roof *r, double flops_per_byte) {
  return r->left + r->width * (log2(flops_per_byte) - r->x0) / (r->x1 - r->x0);
}

static double roof_y(const roof *r, double gflops) {
  double share = (log2(gflops) - r->y0) / (r->y1 - r->y0);
  return r->top + r->height * (1 - fmax(0, share));
}

static void draw_roof(FILE *file, const bench_records *all, const roof *r) {
  char text[96];
  double peak = all->limits.flops_per_second * 1e-9;
  const double rates[] = {all->limits.bytes_per_second * 1e-9,
                          all->limits.cached_bytes_per_second * 1e-9};
  const char *const names[] = {"memory", "cache"};
  for (double p = r->x0; p <= r->x1; p += 2) {
    snprintf(text, sizeof text, p < 0 ? "1/%g" : "%g", exp2(fabs(p)));
    double x = roof_x(r, exp2(p));
    put_line(file, x, r->top, x, r->top + r->height, "class=\"grid\"");
    put_label(file, x, r->top + r->height + 14, "middle", text);
  }
  for (double p = r->y0; p <= r->y1; p += 2) {
    snprintf(text, sizeof text, "%g", exp2(p));
    double y = roof_y(r, exp2(p));
    put_line(file, r->left, y, r->left + r->width, y, "class=\"grid\"");
    put_label(file, r->left - 6, y + 4, "end", text);
  }
  put_label(file, r->left + r->width / 2, r->top + r->height + 30, "middle",
            "operations a byte");
  put_label(file, r->left - 6, r->top - 8, "end", "GFLOP/s");
  if (peak <= 0) return;
  for (int i = 0; i < 2; i++) {
    if (rates[i] <= 0) continue;
    double knee = fmin(exp2(r->x1), peak / rates[i]), first = exp2(r->x0);
    first = fmax(first, exp2(r->y0) / rates[i]);
    put_line(file, roof_x(r, first), roof_y(r, first * rates[i]), roof_x(r, knee),
             roof_y(r, knee * rates[i]), "class=\"roof\"");
    snprintf(text, sizeof text, "%s %.0f GB/s", names[i], rates[i]);
    put_label(file, roof_x(r, first) + 8, roof_y(r, first * rates[i]) + 16, "start", text);
  }
  double fastest = fmax(rates[0], rates[1]);
  if (fastest > 0)
    put_line(file, roof_x(r, peak / fastest), roof_y(r, peak), r->left + r->width,
             roof_y(r, peak), "class=\"roof\"");
  snprintf(text, sizeof text, "%.0f GFLOP/s", peak);
  put_label(file, r->left + r->width - 4, roof_y(r, peak) - 6, "end", text);
}

static void draw_points(FILE *file, const bench_records *all, const roof *r) {
  for (size_t i = 0; i < all->count; i++) {
    const bench_record *record = &all->items[i];
    if (record->flops <= 0 || record->bytes <= 0) continue;
    double x = roof_x(r, record->flops / record->bytes);
    double y = roof_y(r, record->flops / record->ours.median * 1e-9);
    fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"><title>", x, y,
            colour_of(record->area));
    put_escaped(file, record->area);
    fputc(' ', file);
    put_escaped(file, record->name);
    fprintf(file, ": %.1f GFLOP/s</title></circle>\n",
            record->flops / record->ours.median * 1e-9);
  }
}

/* The areas of the points, beside the roofline. */
static void draw_legend(FILE *file, const bench_records *all, const roof *r) {
  const char *last = "";
  double y = r->top + 8;
  for (size_t i = 0; i < all->count; i++) {
    const bench_record *record = &all->items[i];
    bool is_point = record->flops > 0 && record->bytes > 0;
    if (!is_point || strcmp(record->area, last) == 0) continue;
    last = record->area;
    fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\"/>\n",
            r->left + r->width + 16, y, colour_of(last));
    put_label(file, r->left + r->width + 26, y + 4, "start", last);
    y += 16;
  }
}

/* --- The ratios: 1 in the middle, twice as fast to the right, half to the left --- */

static double ratio_x(double ratio) {
  double share = (log2(ratio) + 3) / 6; /* 1/8 ... 8 */
  return LEFT + (WIDTH - LEFT - RIGHT) * fmin(1, fmax(0, share));
}

static void draw_bar(FILE *file, const bench_record *record, double y) {
  char text[128];
  double one = ratio_x(1), end = ratio_x(record->ratio.median);
  snprintf(text, sizeof text, "%s  %s", record->area, record->name);
  put_label(file, LEFT - 8, y + 11, "end", text);
  fprintf(file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n",
          fmin(one, end), y + 2, fmax(1, fabs(end - one)), BAR_HEIGHT - 4,
          record->ratio.median >= (record->goal > 0 ? record->goal : 1) ? "#4f9d69"
                                                                        : "#c8553d");
  put_line(file, ratio_x(record->ratio.least), y + BAR_HEIGHT / 2.0,
           ratio_x(record->ratio.most), y + BAR_HEIGHT / 2.0, "class=\"whisker\"");
  if (record->goal > 0)
    put_line(file, ratio_x(record->goal), y + 1, ratio_x(record->goal), y + BAR_HEIGHT - 1,
             "class=\"goal\"");
  snprintf(text, sizeof text, "%.2f  %s", record->ratio.median, record->reference);
  put_label(file, WIDTH - RIGHT + 10, y + 11, "start", text);
}

static void draw_ratios(FILE *file, const bench_records *all, double top) {
  double y = top;
  char text[16];
  for (double p = -3; p <= 3; p++) {
    snprintf(text, sizeof text, p < 0 ? "1/%g" : "%g", exp2(fabs(p)));
    double x = ratio_x(exp2(p));
    put_label(file, x, top - 6, "middle", text);
    put_line(file, x, top, x, top + BAR_HEIGHT * (double)all->count,
             p == 0 ? "class=\"one\"" : "class=\"grid\"");
  }
  for (size_t i = 0; i < all->count; i++) {
    if (all->items[i].other.median <= 0) continue;
    draw_bar(file, &all->items[i], y);
    y += BAR_HEIGHT;
  }
}

static roof fit_roof(const bench_records *all) {
  roof r = {LEFT, HEAD, WIDTH - LEFT - RIGHT, ROOF_HEIGHT - 90, -4, 8, 0, 10};
  double peak = all->limits.flops_per_second * 1e-9;
  if (peak > 0) r.y1 = 2 * ceil(log2(peak) / 2 + 0.25);
  for (size_t i = 0; i < all->count; i++) {
    const bench_record *record = &all->items[i];
    if (record->flops <= 0 || record->bytes <= 0) continue;
    r.x1 = fmax(r.x1, 2 * ceil(log2(record->flops / record->bytes) / 2));
  }
  return r;
}

bool bench_write_svg(const bench_records *all, const char *path) {
  FILE *file = fopen(path, "w");
  if (!file) return false;
  const bench_machine *machine = &all->machine;
  char text[512];
  double height = HEAD + ROOF_HEIGHT + BAR_HEIGHT * ((double)all->count + 1) + 30;
  fprintf(file,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
          "font-family=\"sans-serif\" font-size=\"11\">\n<style>.grid{stroke:#ddd}"
          ".one{stroke:#333}.roof{stroke:#333;stroke-width:2}.whisker{stroke:#222}"
          ".goal{stroke:#000;stroke-width:2;stroke-dasharray:2 2}</style>\n"
          "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
          WIDTH, height);
  snprintf(text, sizeof text, "eagercl %s on %s (%s)", eager_version(), machine->device,
           machine->driver);
  put_label(file, 20, 22, "start", text);
  snprintf(text, sizeof text, "%s, %d threads, %s; beside %s", machine->processor,
           machine->threads, machine->date, machine->peers);
  put_label(file, 20, 40, "start", text);
  roof r = fit_roof(all);
  draw_roof(file, all, &r);
  draw_points(file, all, &r);
  draw_legend(file, all, &r);
  put_label(
      file, 20, HEAD + ROOF_HEIGHT - 6, "start",
      "time of the other side over ours (right of 1: we are faster; dashes: the goal)");
  draw_ratios(file, all, HEAD + ROOF_HEIGHT + 20);
  fprintf(file, "</svg>\n");
  return fclose(file) == 0;
}
