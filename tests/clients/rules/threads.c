/* What programs rely on when they stop, free and start again while callbacks run. */

#include "common.h"

static void begin(void)
{
    CHECK(pl_pvcam_init(), "init");
}

/* Whoever stops may be inside the callback. */
static void abort_here(struct watch* watch)
{
    CHECK(pl_exp_abort(watch->camera, CCS_HALT), "abort inside the callback");
}

static void abort_inside(int frames_of_sequence, int32 at)
{
    struct watch* watch = watch_new(open_camera(STEPPED));
    int again;
    listen(watch);
    watch->act = abort_here;
    watch->act_at = at;
    for (again = 1; again <= 2; again++) {
        /* No callback acts before all frames are exposed. */
        set(&watch->open, 0);
        if (frames_of_sequence)
            start_sequence(watch, 16, (uns16)frames_of_sequence);
        else
            start_ring(watch, 16, CIRC_OVERWRITE);
        expose(watch, (uns32)at);
        set(&watch->open, 1);
        wait_for(&watch->acted, again, "the callback has aborted");
        wait_for(&watch->left, again * at, "all callbacks have returned");
        CHECK(status_of(watch->camera) == READOUT_NOT_ACTIVE, "nothing runs after the abort");
        CHECK(pvcam_sim_step(watch->camera, 1, 0) == -1, "nor is anything exposed");
        CHECK(get(&watch->entered) == again * at, "nobody is called back after it");
        take_away(watch);
    }
}

static void abort_inside_the_callback_of_a_ring(void)
{
    begin();
    abort_inside(0, 3);
}

static void abort_inside_the_callback_of_a_sequence(void)
{
    begin();
    abort_inside(5, 3);
}

/* At the last frame, when the sequence is over already. */
static void abort_inside_the_last_callback_of_a_sequence(void)
{
    begin();
    abort_inside(4, 4);
}

static pthread_mutex_t lock_of_the_callback = PTHREAD_MUTEX_INITIALIZER;

static void want_the_lock(struct watch* watch)
{
    (void)watch;
    pthread_mutex_lock(&lock_of_the_callback);
    pthread_mutex_unlock(&lock_of_the_callback);
}

/* The callback stands before the lock for certain when the stop is called. */
static void stop_while_holding_what_the_callback_wants(void)
{
    int ending;
    begin();
    for (ending = BY_ABORT; ending < ENDINGS; ending++) {
        struct watch* watch = watch_new(open_camera(STEPPED));
        listen(watch);
        watch->act = want_the_lock;
        watch->act_at = 1;
        pthread_mutex_lock(&lock_of_the_callback);
        if (ending == BY_FINISH)
            start_sequence(watch, 16, 3);
        else
            start_ring(watch, 16, CIRC_OVERWRITE);
        expose(watch, 1);
        wait_for(&watch->entered, 1, "a callback begins");
        end_by(watch, (enum ending)ending);
        CHECK(get(&watch->left) == 0, "the stop returned while the callback waits for our lock");
        pthread_mutex_unlock(&lock_of_the_callback);
        wait_for(&watch->left, 1, "the callback returns");
        CHECK(pl_cam_close(watch->camera), "close");
    }
}

/* The same where callbacks and stops meet as they may. */
static void stop_again_and_again_while_holding_it(void)
{
    struct watch* watch;
    int round;
    begin();
    watch = watch_new(open_camera(FREE));
    listen(watch);
    watch->act = want_the_lock;
    for (round = 0; round < 40; round++) {
        start_ring(watch, 16, CIRC_OVERWRITE);
        wait_for(&watch->entered, get(&watch->entered) + 1, "frames come");
        pthread_mutex_lock(&lock_of_the_callback);
        end_by(watch, round % 2 ? BY_ABORT : BY_STOP);
        pthread_mutex_unlock(&lock_of_the_callback);
        CHECK(pl_cam_deregister_callback(watch->camera, PL_CALLBACK_EOF), "the callback goes");
        munmap(watch->memory, watch->size);
        listen(watch);
    }
}

static void take_five_milliseconds(struct watch* watch)
{
    (void)watch;
    pause_ms(5);
}

/* One callback may be under way when a stop returns, and one only. */
static void a_slow_callback_is_the_last_one_after_a_stop(void)
{
    struct watch* watch;
    int round;
    begin();
    watch = watch_new(open_camera(FREE));
    listen(watch);
    watch->act = take_five_milliseconds;
    for (round = 0; round < 20; round++) {
        int stopped, before = get(&watch->entered);
        start_ring(watch, 16, CIRC_OVERWRITE);
        wait_for(&watch->entered, before + 2, "frames come");
        end_by(watch, round % 2 ? BY_ABORT : BY_STOP);
        stopped = get(&watch->entered);
        pause_ms(20);
        CHECK(get(&watch->entered) <= stopped + 1, "callbacks go on after the stop");
        CHECK(status_of(watch->camera) == READOUT_NOT_ACTIVE, "nothing runs");
        munmap(watch->memory, watch->size);
    }
}

/* A writer that is late by a moment meets pages that are gone. */
static void the_buffer_may_go_right_after_a_stop(void)
{
    int16 camera;
    int round;
    begin();
    camera = open_camera(FREE);
    for (round = 0; round < 30; round++) {
        enum ending ending = (enum ending)(round % ENDINGS);
        struct watch* watch = watch_new(camera);
        listen(watch);
        if (ending == BY_FINISH)
            start_sequence(watch, 512, 1000);
        else
            start_ring(watch, 512, CIRC_OVERWRITE);
        wait_for(&watch->entered, 1, "frames come");
        end_by(watch, ending);
        take_away(watch);
        pause_ms(3);
        CHECK(pl_cam_deregister_callback(camera, PL_CALLBACK_EOF), "the callback goes");
        munmap(watch->memory, watch->size);
        free(watch);
    }
}

static void* open_the_gate(void* context)
{
    struct watch* watch = (struct watch*)context;
    pause_ms(500);
    set(&watch->open, 1);
    return NULL;
}

/* The callback is held up until well after the call was made. */
static void with_a_callback_under_way(void (*call)(struct watch*))
{
    struct watch* watch = watch_new(open_camera(STEPPED));
    pthread_t helper;
    listen(watch);
    watch->open = 0;
    start_ring(watch, 16, CIRC_OVERWRITE);
    expose(watch, 3);
    wait_for(&watch->entered, 1, "a callback begins");
    CHECK(pthread_create(&helper, NULL, open_the_gate, watch) == 0, "a thread");
    call(watch);
    CHECK(get(&watch->left) == get(&watch->entered) && get(&watch->left) >= 1, "it returned before the callback did");
    pthread_join(helper, NULL);
    pause_ms(20);
    CHECK(get(&watch->left) == get(&watch->entered), "somebody is called back who was taken out");
}

static void deregister(struct watch* watch)
{
    CHECK(pl_cam_deregister_callback(watch->camera, PL_CALLBACK_EOF), "the callback is taken out");
}

static void close_camera(struct watch* watch)
{
    CHECK(pl_cam_close(watch->camera), "the camera is closed");
}

static void deregistering_waits_for_the_callback(void)
{
    begin();
    with_a_callback_under_way(deregister);
}

static void closing_waits_for_the_callback(void)
{
    begin();
    with_a_callback_under_way(close_camera);
}

static void from_inside_the_callback(void (*call)(struct watch*))
{
    struct watch* watch = watch_new(open_camera(STEPPED));
    listen(watch);
    watch->act = call;
    watch->act_at = 1;
    start_ring(watch, 16, CIRC_OVERWRITE);
    expose(watch, 1);
    wait_for(&watch->left, 1, "the callback returns");
    CHECK(get(&watch->acted) == 1, "after the call");
}

static void deregistering_inside_the_callback_returns(void)
{
    begin();
    from_inside_the_callback(deregister);
}

static void closing_inside_the_callback_returns(void)
{
    begin();
    from_inside_the_callback(close_camera);
    CHECK(open_camera(STEPPED) == STEPPED, "and the camera can be opened again");
}

/* A callback of the old acquisition is still under way, more of them are due; the new one gets its own frames and no other. */
static void a_start_right_after_an_abort_has_its_own_frames(void)
{
    struct watch* watch;
    int32 expected;
    begin();
    watch = watch_new(open_camera(STEPPED));
    listen(watch);
    watch->open = 0;
    start_ring(watch, 16, CIRC_OVERWRITE);
    expose(watch, 5);
    wait_for(&watch->entered, 1, "a callback begins");
    CHECK(pl_exp_abort(watch->camera, CCS_HALT), "abort");
    take_away(watch);
    start_ring(watch, 16, CIRC_OVERWRITE);
    expose(watch, 3);
    CHECK(get(&watch->entered) == 1, "one callback at a time");
    set(&watch->open, 1);
    wait_for(&watch->left, 4, "the callback of the old one and three of the new one");
    pause_ms(20);
    CHECK(get(&watch->left) == 4 && get(&watch->entered) == 4, "and no other");
    for (expected = 1; expected <= 3; expected++)
        CHECK(watch->numbers[expected] == expected, "frames of a new acquisition count from 1");
    CHECK(get(&watch->info_wrong) == 0, "each names its camera");
}

static void look_at_latest(struct watch* watch)
{
    FRAME_INFO latest;
    void* frame = NULL;
    int32 own = watch->numbers[get(&watch->entered) - 1];
    if (!pl_exp_get_latest_frame_ex(watch->camera, &frame, &latest) || latest.FrameNr != own
        || frame != watch->memory + (size_t)(own - 1) % SLOTS * watch->bytes)
        add(&watch->latest_wrong);
}

/* All frames are written before the first callback asks. */
static void the_latest_frame_in_a_callback_is_its_own(void)
{
    struct watch* watch;
    FRAME_INFO latest;
    void* frame = NULL;
    begin();
    watch = watch_new(open_camera(STEPPED));
    listen(watch);
    watch->open = 0;
    watch->act = look_at_latest;
    start_ring(watch, 16, CIRC_OVERWRITE);
    expose(watch, 4);
    CHECK(pl_exp_get_latest_frame_ex(watch->camera, &frame, &latest) && latest.FrameNr == 4, "outside it is the newest");
    set(&watch->open, 1);
    wait_for(&watch->left, 4, "four callbacks");
    CHECK(get(&watch->acted) == 4 && get(&watch->latest_wrong) == 0, "a callback got another frame than its own");
}

static void leaving_the_library_ends_everything(void)
{
    struct watch* watch;
    begin();
    watch = watch_new(open_camera(FREE));
    listen(watch);
    start_ring(watch, 64, CIRC_OVERWRITE);
    wait_for(&watch->entered, 1, "frames come");
    CHECK(pl_pvcam_uninit(), "uninit with a camera open and frames coming");
    take_away(watch);
    CHECK(get(&watch->left) == get(&watch->entered), "no callback is under way");
    CHECK(pl_pvcam_init() && open_camera(FREE) == FREE, "and it can begin anew");
}

static struct watch* forgotten;

/* Registered before init, so it runs after what init has registered: like the statics of a client that is unloaded. */
static void destroy_statics(void)
{
    take_away(forgotten);
    CHECK(mprotect(forgotten, sizeof *forgotten, PROT_NONE) == 0, "pages can be taken away");
    pause_ms(300);
}

static void a_program_may_end_while_frames_stream(void)
{
    CHECK(atexit(destroy_statics) == 0, "a handler for the end");
    begin();
    forgotten = (struct watch*)mmap(
        NULL, sizeof *forgotten, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(forgotten != MAP_FAILED, "there is memory");
    forgotten->open = 1;
    forgotten->camera = open_camera(FREE);
    listen(forgotten);
    start_ring(forgotten, 512, CIRC_OVERWRITE);
    wait_for(&forgotten->entered, 3, "frames come");
}

#define RULE(name) { #name, name }

static const struct rule RULES[] = {
    RULE(abort_inside_the_callback_of_a_ring),
    RULE(abort_inside_the_callback_of_a_sequence),
    RULE(abort_inside_the_last_callback_of_a_sequence),
    RULE(stop_while_holding_what_the_callback_wants),
    RULE(stop_again_and_again_while_holding_it),
    RULE(a_slow_callback_is_the_last_one_after_a_stop),
    RULE(the_buffer_may_go_right_after_a_stop),
    RULE(deregistering_waits_for_the_callback),
    RULE(closing_waits_for_the_callback),
    RULE(deregistering_inside_the_callback_returns),
    RULE(closing_inside_the_callback_returns),
    RULE(a_start_right_after_an_abort_has_its_own_frames),
    RULE(the_latest_frame_in_a_callback_is_its_own),
    RULE(leaving_the_library_ends_everything),
    RULE(a_program_may_end_while_frames_stream),
};

int main(int argc, char** argv)
{
    return run_rule(RULES, sizeof RULES / sizeof RULES[0], argc, argv);
}
