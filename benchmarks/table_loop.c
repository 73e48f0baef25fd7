/* The clock and the curve for whole logs, as plain as a loop can be: what the kernel is compared with.

Before a row, the silences since the row before, as a power of the silence column; then the row's signal, by look-up. */

#include <stdint.h>

enum { ALWAYS = 1, CROSSING = 2 };

static int64_t ceiling(int64_t some, int64_t of) { return some <= 0 ? 0 : (some + of - 1) / of; }

void run(
    int64_t customers, const int64_t *starts, const int64_t *at, const int32_t *signal, const int8_t *ends, const int32_t *dated,
    const int32_t *next, const uint8_t *crosses, int64_t signals, const int32_t *silences, int64_t positions, int64_t most,
    int64_t period, int64_t patience, int32_t start, int32_t *after, int64_t *quiet_after)
{
    for (int64_t customer = 0; customer < customers; customer++) {
        int64_t row = starts[customer], end = starts[customer + 1];
        int64_t quiet = row < end ? at[row] : 0, last = quiet, waiting = 0;
        int32_t here = start;
        for (; row < end; row++) {
            if (at[row] - quiet > period) {
                int64_t lowest = ceiling(last - quiet, period);
                if (lowest < 1) lowest = 1;
                if (waiting && lowest < patience + 1) lowest = patience + 1;
                int64_t silent = ceiling(at[row] - quiet, period) - lowest;
                if (silent > most) silent = most;
                if (silent > 0) here = silences[silent * positions + here];
            }
            int64_t cell = here * signals + signal[row];
            here = next[cell];
            if (ends[row] == ALWAYS || (ends[row] == CROSSING && crosses[cell])) quiet = at[row];
            last = at[row];
            waiting = dated[row] > 0;
            after[row] = here;
            quiet_after[row] = quiet;
        }
    }
}
