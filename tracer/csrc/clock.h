/* The time of an event, in ticks, which become nanoseconds of time.perf_counter_ns() when events are taken.

   Where the system itself trusts the processor's counter, that is read: it takes a third of the time. Two
   readings of both clocks, one when the recording began and one now, give the line between them. */
#ifndef FLASKTRACE_CLOCK_H
#define FLASKTRACE_CLOCK_H

#include <stdint.h>
#include <time.h>
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <x86intrin.h>
#define HAS_COUNTER 1
#else
#define HAS_COUNTER 0
#endif

typedef struct {
    uint64_t ticks;
    int64_t ns;
} Moment;

typedef struct {
    Moment begin;
    double ns_a_tick;
} Clock;

static int uses_counter = 0;
static Moment clock_begin;

static inline int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline uint64_t
ticks_now(void)
{
#if HAS_COUNTER
    if (uses_counter) {
        return __rdtsc();
    }
#endif
    return (uint64_t)now_ns();
}

/* Both clocks at once: of a few readings the one that was interrupted the least. */
static Moment
moment_now(void)
{
    Moment best = {0, 0};
    uint64_t best_span = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        uint64_t before = ticks_now();
        int64_t ns = now_ns();
        uint64_t after = ticks_now();
        if (after - before < best_span) {
            best_span = after - before;
            best.ticks = before + (after - before) / 2;
            best.ns = ns;
        }
    }
    return best;
}

static void
clock_start(int wants_counter)
{
    uses_counter = wants_counter && HAS_COUNTER;
    clock_begin = moment_now();
}

static Clock
clock_now(void)
{
    Moment now = moment_now();
    uint64_t span = now.ticks - clock_begin.ticks;
    Clock clock = {clock_begin, uses_counter && span ? (double)(now.ns - clock_begin.ns) / (double)span : 1.0};
    return clock;
}

static inline int64_t
clock_ns(const Clock *clock, uint64_t ticks)
{
    if (!uses_counter) {
        return (int64_t)ticks;
    }
    return clock->begin.ns + (int64_t)((double)(int64_t)(ticks - clock->begin.ticks) * clock->ns_a_tick);
}

#endif
