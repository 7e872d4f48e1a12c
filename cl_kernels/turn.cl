/* V x V elements change places: by the stages that transpose.cl tells of. */
INLINED void turn(AV lines[V]) {
#pragma unroll
  for (int stage = 1; stage < V; stage *= 2) {
    AV mixed[V];
#pragma unroll
    for (int i = 0; i < V / 2; i++) {
      mixed[2 * i] = ZIP_LOW(lines[i], lines[i + V / 2]);
      mixed[2 * i + 1] = ZIP_HIGH(lines[i], lines[i + V / 2]);
    }
#pragma unroll
    for (int i = 0; i < V; i++) lines[i] = mixed[i];
  }
}
