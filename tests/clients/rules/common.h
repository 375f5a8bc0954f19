/* What the programs of this folder share: checks, patience, and acquisitions whose callback can be held up.
 *
 * Each program is run with the name of one rule, which it tries on the library that it is linked with. It ends with 0 if the
 * rule was kept, with 1 and `WRONG` if not, and with 3 and `HANGS` if it waited in vain. Cameras are those of rules.toml:
 * cameras 0 and 2 expose when `pvcam_sim_step` asks for it, camera 1 as fast as it can; camera 2 takes lists of exposures. */

#ifndef RULES_COMMON_H
#define RULES_COMMON_H

#define _GNU_SOURCE

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "master.h"
#include "pvcam.h"

/* Of the simulator. With a timeout of zero it does not wait for callbacks. */
int32_t pvcam_sim_step(int16_t cam, uint32_t frames, uint32_t timeout_ms);

#define STEPPED 0
#define FREE 1
#define SMART 2
#define SLOTS 8

static const char* rule_name = "";

static void wrong(int line, const char* what)
{
    char message[ERROR_MSG_LEN + 1] = "";
    pl_error_message(pl_error_code(), message);
    fprintf(stderr, "WRONG: %s, line %d: %s (error %d: %s)\n", rule_name, line, what, pl_error_code(), message);
    /* Without the handlers of exit: the library may be in the middle of a call. */
    _exit(1);
}

#define CHECK(good, what) do { if (!(good)) wrong(__LINE__, (what)); } while (0)
#define FAILS(call, what) CHECK((call) == PV_FAIL && pl_error_code() != 0, (what))

static long patience_ms(void)
{
    const char* text = getenv("RULES_PATIENCE_MS");
    return text ? atol(text) : 60000;
}

static void pause_ms(long milliseconds)
{
    struct timespec time;
    time.tv_sec = milliseconds / 1000;
    time.tv_nsec = milliseconds % 1000 * 1000000L;
    nanosleep(&time, NULL);
}

static int get(const int* number)
{
    return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

static void set(int* number, int value)
{
    __atomic_store_n(number, value, __ATOMIC_SEQ_CST);
}

static void add(int* number)
{
    __atomic_add_fetch(number, 1, __ATOMIC_SEQ_CST);
}

static const char* waiting_for = "a call to return";

/* Waits until a number that another thread counts is high enough, or the patience of the whole program is over. */
static void wait_for(const int* number, int least, const char* what)
{
    waiting_for = what;
    while (get(number) < least)
        pause_ms(1);
    waiting_for = "a call to return";
}

/* An acquisition, and what its callback has seen. */
struct watch
{
    int16 camera;
    uns8* memory;
    size_t size;
    uns32 bytes;
    /* Callbacks wait in the middle until this is set. */
    int open;
    int entered, left, latest_wrong, info_wrong;
    /* Numbers of the frames, by callback. */
    int32 numbers[4096];
    /* What a callback does when it sees this frame (0: each), and how often it has. */
    int32 act_at;
    void (*act)(struct watch*);
    int acted;
};

static void PV_DECL on_frame(const FRAME_INFO* info, void* context)
{
    struct watch* watch = (struct watch*)context;
    int at = get(&watch->entered);
    if (at < 4096)
        watch->numbers[at] = info->FrameNr;
    if (info->hCam != watch->camera)
        add(&watch->info_wrong);
    add(&watch->entered);
    while (!get(&watch->open))
        pause_ms(1);
    if (watch->act && (watch->act_at == 0 || info->FrameNr == watch->act_at)) {
        watch->act(watch);
        add(&watch->acted);
    }
    add(&watch->left);
}

static rgn_type square(uns16 side)
{
    rgn_type area;
    memset(&area, 0, sizeof area);
    area.s2 = area.p2 = (uns16)(side - 1);
    area.sbin = area.pbin = 1;
    return area;
}

static int16 open_camera(int16 index)
{
    char name[CAM_NAME_LEN];
    int16 camera = -1;
    CHECK(pl_cam_get_name(index, name) && pl_cam_open(name, &camera, OPEN_EXCLUSIVE), "the camera opens");
    return camera;
}

static struct watch* watch_new(int16 camera)
{
    struct watch* watch = (struct watch*)calloc(1, sizeof *watch);
    watch->camera = camera;
    watch->open = 1;
    return watch;
}

static void listen(struct watch* watch)
{
    CHECK(pl_cam_register_callback_ex3(watch->camera, PL_CALLBACK_EOF, (void*)on_frame, watch), "a callback is registered");
}

/* Memory whose pages can be taken away. */
static void allocate(struct watch* watch, size_t size)
{
    watch->size = size;
    watch->memory = (uns8*)mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(watch->memory != MAP_FAILED, "there is memory");
}

/* From here on whoever writes there, or reads, ends the program. */
static void take_away(struct watch* watch)
{
    CHECK(mprotect(watch->memory, watch->size, PROT_NONE) == 0, "pages can be taken away");
}

static void start_ring(struct watch* watch, uns16 side, int16 buffer_mode)
{
    rgn_type area = square(side);
    CHECK(pl_exp_setup_cont(watch->camera, 1, &area, EXT_TRIG_INTERNAL, 1, &watch->bytes, buffer_mode), "a ring is set up");
    allocate(watch, (size_t)SLOTS * watch->bytes);
    CHECK(pl_exp_start_cont(watch->camera, watch->memory, SLOTS * watch->bytes), "the ring starts");
}

static void start_sequence(struct watch* watch, uns16 side, uns16 frames)
{
    rgn_type area = square(side);
    uns32 bytes = 0;
    CHECK(pl_exp_setup_seq(watch->camera, frames, 1, &area, EXT_TRIG_INTERNAL, 1, &bytes), "a sequence is set up");
    watch->bytes = bytes / frames;
    allocate(watch, bytes);
    CHECK(pl_exp_start_seq(watch->camera, watch->memory), "the sequence starts");
}

/* Frames of the stepped camera; callbacks come by themselves. */
static void expose(struct watch* watch, uns32 frames)
{
    CHECK(pvcam_sim_step(watch->camera, frames, 0) == (int32_t)frames, "frames are exposed");
}

static int16 status_of(int16 camera)
{
    int16 status = -1;
    uns32 bytes = 0, passes = 0;
    CHECK(pl_exp_check_cont_status(camera, &status, &bytes, &passes), "the status is told");
    return status;
}

/* The calls that end an acquisition. */
enum ending { BY_ABORT, BY_STOP, BY_FINISH, ENDINGS };

static void end_by(struct watch* watch, enum ending ending)
{
    rs_bool result = ending == BY_ABORT ? pl_exp_abort(watch->camera, CCS_HALT)
        : ending == BY_STOP             ? pl_exp_stop_cont(watch->camera, CCS_HALT)
                                        : pl_exp_finish_seq(watch->camera, watch->memory, 0);
    CHECK(result, "the acquisition ends");
}

struct rule
{
    const char* name;
    void (*try_it)(void);
};

static void say(const char* text)
{
    if (write(2, text, strlen(text)) < 0)
        _exit(4);
}

static void on_signal(int signal)
{
    if (signal != SIGALRM) {
        say("WRONG: memory that was taken away is used\n");
        _exit(1);
    }
    say("HANGS: waiting for this: ");
    say(waiting_for);
    say("\n");
    _exit(3);
}

/* Tries the rule that is asked for; without one it lists them. */
static int run_rule(const struct rule* rules, size_t count, int argc, char** argv)
{
    struct itimerval limit;
    size_t at;
    for (at = 0; at < count && argc < 2; at++)
        printf("%s\n", rules[at].name);
    if (argc < 2)
        return 0;
    memset(&limit, 0, sizeof limit);
    limit.it_value.tv_sec = patience_ms() / 1000;
    limit.it_value.tv_usec = patience_ms() % 1000 * 1000;
    signal(SIGALRM, on_signal);
    signal(SIGSEGV, on_signal);
    setitimer(ITIMER_REAL, &limit, NULL);
    for (at = 0; at < count; at++) {
        if (strcmp(rules[at].name, argv[1]) != 0)
            continue;
        rule_name = rules[at].name;
        rules[at].try_it();
        printf("kept\n");
        return 0;
    }
    fprintf(stderr, "there is no rule `%s`\n", argv[1]);
    return 2;
}

#endif
