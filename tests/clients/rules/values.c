/* What programs rely on in the answers of single calls: sizes, codes, what is taken and what is left alone. */

#include "common.h"

#define POISON 0xA5

static int16 begin_with(int16 index)
{
    CHECK(pl_pvcam_init(), "init");
    return open_camera(index);
}

static int16 begin(void)
{
    return begin_with(STEPPED);
}

/* Which bytes of a poisoned answer were written: the first `size`, and no other. The value must differ from the poison. */
union answer
{
    uns8 bytes[64];
    uns16 u16;
    uns32 u32;
    ulong64 u64;
    rgn_type region;
    smart_stream_type list;
};

static union answer ask(int16 camera, uns32 id, int16 attribute, size_t size, const char* what)
{
    union answer answer;
    size_t at;
    memset(&answer, POISON, sizeof answer);
    CHECK(pl_get_param(camera, id, attribute, &answer), what);
    for (at = size; at < sizeof answer; at++)
        CHECK(answer.bytes[at] == POISON, "more is written than the type has");
    for (at = 0; at < size && answer.bytes[at] == POISON; at++) { }
    CHECK(at < size && answer.bytes[size - 1] != POISON, "less is written than the type has");
    return answer;
}

static void set_param(int16 camera, uns32 id, const void* value, const char* what)
{
    /* Old headers take a pointer that is not const. */
    CHECK(pl_set_param(camera, id, (void*)(uintptr_t)value), what);
}

static void set_up(int16 camera, int16 mode, uns32 exposure, const char* what)
{
    rgn_type area = square(16);
    uns32 bytes = 0;
    CHECK(pl_exp_setup_seq(camera, 2, 1, &area, mode, exposure, &bytes) && bytes >= 2 * 2 * 16 * 16, what);
}

static void handles_are_indices(void)
{
    CHECK(pl_pvcam_init(), "init");
    CHECK(open_camera(FREE) == FREE && open_camera(STEPPED) == STEPPED, "a handle is not the camera's index");
    CHECK(pl_cam_close(FREE) && open_camera(FREE) == FREE, "and the same after another open");
}

static void an_item_is_told_without_its_text(void)
{
    int16 camera = begin();
    uns32 count = ask(camera, PARAM_READOUT_PORT, ATTR_COUNT, 4, "ports are counted").u32, index;
    CHECK(count > 0, "there are ports");
    for (index = 0; index < count; index++) {
        int32 bare = -1, told = -2;
        char text[64];
        CHECK(pl_get_enum_param(camera, PARAM_READOUT_PORT, index, &bare, NULL, 0), "no room for text, and none wanted");
        CHECK(pl_get_enum_param(camera, PARAM_READOUT_PORT, index, &told, text, sizeof text) && bare == told, "the value");
    }
}

static void a_length_counts_the_null(void)
{
    int16 camera = begin();
    uns32 length = 0;
    int32 value = -1;
    char text[64];
    memset(text, 'x', sizeof text);
    CHECK(pl_enum_str_length(camera, PARAM_READOUT_PORT, 0, &length) && length <= sizeof text, "a length");
    CHECK(pl_get_enum_param(camera, PARAM_READOUT_PORT, 0, &value, text, length), "a text");
    CHECK(memchr(text, 0, sizeof text) == text + length - 1, "the null is the last one counted");
    length = ask(camera, PARAM_CHIP_NAME, ATTR_COUNT, 4, "bytes of a text are counted").u32;
    memset(text, 'x', sizeof text);
    CHECK(pl_get_param(camera, PARAM_CHIP_NAME, ATTR_CURRENT, text), "a text");
    CHECK(memchr(text, 0, sizeof text) == text + strlen(text) && strlen(text) < length, "the count has room for the null");
}

static void counts_are_32_bits_for_every_type(void)
{
    const uns32 ids[] = { PARAM_READOUT_PORT, PARAM_SER_SIZE, PARAM_METADATA_ENABLED, PARAM_FRAME_BUFFER_SIZE, PARAM_CHIP_NAME,
                          PARAM_SMART_STREAM_EXP_PARAMS, PARAM_ROI };
    int16 camera = begin_with(SMART);
    size_t at;
    set_up(camera, EXT_TRIG_INTERNAL, 1, "a setup");
    for (at = 0; at < sizeof ids / sizeof ids[0]; at++)
        ask(camera, ids[at], ATTR_COUNT, 4, "a count");
}

static void booleans_are_16_bits(void)
{
    const uns32 ids[] = { PARAM_READOUT_PORT, PARAM_SHTR_STATUS, PARAM_FRAME_CAPABLE, PARAM_ROI };
    int16 camera = begin();
    size_t at;
    for (at = 0; at < sizeof ids / sizeof ids[0]; at++)
        CHECK(ask(camera, ids[at], ATTR_AVAIL, 2, "whether it is there").u16 <= TRUE, "yes or no");
    CHECK(ask(camera, PARAM_METADATA_ENABLED, ATTR_CURRENT, 2, "a boolean").u16 <= TRUE, "yes or no");
    ask(camera, PARAM_METADATA_ENABLED, ATTR_TYPE, 2, "a type");
    ask(camera, PARAM_METADATA_ENABLED, ATTR_ACCESS, 2, "an access");
}

/* The id says eight bytes of floating point, the programs have four. */
static void the_readout_time_has_four_bytes(void)
{
    int16 camera = begin();
    set_up(camera, EXT_TRIG_INTERNAL, 1, "a setup");
    CHECK(ask(camera, PARAM_READOUT_TIME, ATTR_TYPE, 2, "its type").u16 == TYPE_UNS32, "its type is not the id's");
    ask(camera, PARAM_READOUT_TIME, ATTR_CURRENT, 4, "the readout time");
    ask(camera, PARAM_READOUT_TIME, ATTR_MIN, 4, "its minimum");
    ask(camera, PARAM_READOUT_TIME, ATTR_MAX, 4, "its maximum");
    CHECK(ask(camera, PARAM_PP_FEAT_ID, ATTR_TYPE, 2, "another one").u16 == TYPE_UNS32, "its type is not the id's");
    ask(camera, PARAM_PP_FEAT_ID, ATTR_CURRENT, 4, "the number of a feature");
}

static void smart_lists_are_told_by_their_length(void)
{
    const int16 lengths[] = { ATTR_MIN, ATTR_MAX, ATTR_DEFAULT, ATTR_INCREMENT };
    int16 camera = begin_with(SMART);
    uns32 times[16] = { 3, 0, 9 }, told[16], at;
    smart_stream_type list;
    uns16 most = ask(camera, PARAM_SMART_STREAM_EXP_PARAMS, ATTR_MAX, 2, "the longest list").u16;
    CHECK(ask(camera, PARAM_SMART_STREAM_EXP_PARAMS, ATTR_TYPE, 2, "its type").u16 == TYPE_SMART_STREAM_TYPE_PTR, "its type");
    CHECK(most > 3, "there is room");
    for (at = 0; at < sizeof lengths / sizeof lengths[0]; at++)
        ask(camera, PARAM_SMART_STREAM_EXP_PARAMS, lengths[at], 2, "a length is told in two bytes");
    list.entries = 3;
    list.params = times;
    set_param(camera, PARAM_SMART_STREAM_EXP_PARAMS, &list, "a list, with a zero in it");
    CHECK(ask(camera, PARAM_SMART_STREAM_EXP_PARAMS, ATTR_COUNT, 4, "entries in use").u32 == 3, "the count is of those in use");
    memset(told, POISON, sizeof told);
    list.entries = 16;
    list.params = told;
    CHECK(pl_get_param(camera, PARAM_SMART_STREAM_EXP_PARAMS, ATTR_CURRENT, &list), "the list is told");
    CHECK(list.entries == 3 && list.params == told, "with the number of its entries, where there is room");
    CHECK(memcmp(told, times, 3 * sizeof told[0]) == 0 && told[3] == POISON * 0x01010101u, "three values, and no more");
}

static void a_smart_list_may_be_nearly_as_long_as_the_longest(void)
{
    int16 camera = begin_with(SMART);
    smart_stream_type* list = NULL;
    uns16 most = ask(camera, PARAM_SMART_STREAM_EXP_PARAMS, ATTR_MAX, 2, "the longest list").u16, at;
    CHECK(pl_create_smart_stream_struct(&list, (uns16)(most - 1)), "a list");
    for (at = 0; at < list->entries; at++)
        list->params[at] = at;
    set_param(camera, PARAM_SMART_STREAM_EXP_PARAMS, list, "one entry fewer than the longest list has");
    CHECK(ask(camera, PARAM_SMART_STREAM_EXP_PARAMS, ATTR_COUNT, 4, "entries in use").u32 == most - 1u, "it is kept");
    CHECK(pl_release_smart_stream_struct(&list) && list == NULL, "the list goes");
}

static void the_timestamp_is_reset_and_not_read(void)
{
    int16 camera = begin();
    rs_bool value = 0x5A5A;
    CHECK(ask(camera, PARAM_METADATA_RESET_TIMESTAMP, ATTR_AVAIL, 2, "it is there").u16 == TRUE, "it is there");
    CHECK(ask(camera, PARAM_METADATA_RESET_TIMESTAMP, ATTR_ACCESS, 2, "its access").u16 == ACC_WRITE_ONLY, "only written");
    CHECK(ask(camera, PARAM_METADATA_RESET_TIMESTAMP, ATTR_TYPE, 2, "its type").u16 == TYPE_BOOLEAN, "it is a boolean");
    FAILS(pl_get_param(camera, PARAM_METADATA_RESET_TIMESTAMP, ATTR_CURRENT, &value), "it has no value");
    CHECK(value == 0x5A5A, "a refused call leaves its output alone");
    value = TRUE;
    set_param(camera, PARAM_METADATA_RESET_TIMESTAMP, &value, "the clock is reset");
}

/* Some programs ask for the value even where they were told that there is none. */
static void what_is_not_there_leaves_outputs_alone(void)
{
    const uns32 ids[] = { PARAM_SHTR_STATUS, PARAM_SHTR_CLOSE_DELAY, PARAM_CENTROIDS_COUNT + 0x0F00 };
    const int16 attributes[] = { ATTR_CURRENT, ATTR_MIN, ATTR_MAX, ATTR_DEFAULT, ATTR_INCREMENT, ATTR_COUNT };
    int16 camera = begin();
    union answer poison, answer;
    size_t id, at;
    memset(&poison, POISON, sizeof poison);
    for (id = 0; id < sizeof ids / sizeof ids[0]; id++)
        for (at = 0; at < sizeof attributes / sizeof attributes[0]; at++) {
            answer = poison;
            FAILS(pl_get_param(camera, ids[id], attributes[at], &answer), "what is not there is refused");
            CHECK(memcmp(&answer, &poison, sizeof poison) == 0, "a refused call leaves its output alone");
        }
}

static void legacy_modes_are_taken(void)
{
    int16 camera = begin();
    rgn_type area = square(16);
    uns32 bytes = 0;
    CHECK(pl_exp_setup_cont(camera, 1, &area, TIMED_MODE, 1, &bytes, CIRC_NO_OVERWRITE), "TIMED_MODE, though not listed");
    CHECK(pl_exp_setup_cont(camera, 1, &area, EXT_TRIG_INTERNAL | EXPOSE_OUT_FIRST_ROW, 1, &bytes, CIRC_OVERWRITE), "0x700");
}

static void a_tiny_setup_sets_the_modes(void)
{
    int16 camera = begin();
    rgn_type area = square(2);
    uns32 inputs = ask(camera, PARAM_EXPOSURE_MODE, ATTR_COUNT, 4, "trigger modes").u32, input;
    uns32 outputs = ask(camera, PARAM_EXPOSE_OUT_MODE, ATTR_COUNT, 4, "expose-out modes").u32, output;
    CHECK(inputs > 1 && outputs > 1, "there is a choice");
    for (input = 0; input < inputs; input++)
        for (output = 0; output < outputs; output++) {
            int32 trigger = -1, expose_out = -1, now = -1;
            uns32 bytes = 0;
            CHECK(pl_get_enum_param(camera, PARAM_EXPOSURE_MODE, input, &trigger, NULL, 0), "a trigger mode");
            CHECK(pl_get_enum_param(camera, PARAM_EXPOSE_OUT_MODE, output, &expose_out, NULL, 0), "an expose-out mode");
            CHECK(pl_exp_setup_seq(camera, 1, 1, &area, (int16)(trigger | expose_out), 0, &bytes), "2 x 2 pixels, no exposure");
            CHECK(pl_get_param(camera, PARAM_EXPOSURE_MODE, ATTR_CURRENT, &now) && now == trigger, "the trigger mode is set");
            CHECK(pl_get_param(camera, PARAM_EXPOSE_OUT_MODE, ATTR_CURRENT, &now) && now == expose_out, "the other one too");
        }
}

/* A program passes a region that it has not filled in yet, and carries on. */
static void a_region_of_nonsense_is_refused(void)
{
    const uns8 fillings[] = { 0, 1, POISON, 0xFF };
    int16 camera = begin();
    uns32 bytes = 0;
    rgn_type area;
    size_t at;
    for (at = 0; at < sizeof fillings; at++) {
        memset(&area, fillings[at], sizeof area);
        FAILS(pl_exp_setup_cont(camera, 1, &area, TIMED_MODE, 1, &bytes, CIRC_NO_OVERWRITE), "a region of nonsense");
        FAILS(pl_exp_setup_seq(camera, 1, 1, &area, TIMED_MODE, 1, &bytes), "a region of nonsense");
    }
    set_up(camera, TIMED_MODE, 1, "a proper one is taken after that");
}

/* Programs know where pixels and frame number lie without being told. */
static void frames_with_metadata_have_a_fixed_layout(void)
{
    struct watch* watch = watch_new(begin());
    rgn_type areas[2] = { square(16), square(16) };
    rs_bool on = TRUE;
    uns32 bytes = 0, number = 0;
    areas[1].s1 = areas[1].p1 = 64;
    areas[1].s2 = areas[1].p2 = 79;
    FAILS(pl_exp_setup_cont(watch->camera, 2, areas, TIMED_MODE, 1, &bytes, CIRC_OVERWRITE), "two regions without metadata");
    set_param(watch->camera, PARAM_METADATA_ENABLED, &on, "metadata is switched on");
    CHECK(pl_exp_setup_cont(watch->camera, 2, areas, TIMED_MODE, 1, &bytes, CIRC_OVERWRITE), "two regions with metadata");
    CHECK(bytes == 48 + 2 * (32 + 2 * 16 * 16), "48 bytes, and 32 before the pixels of each region");
    start_ring(watch, 16, CIRC_OVERWRITE);
    CHECK(watch->bytes == 48 + 32 + 2 * 16 * 16, "the same with one region");
    expose(watch, 2);
    memcpy(&number, watch->memory + watch->bytes + 5, sizeof number);
    CHECK(number == 2, "the number of the second frame, 5 bytes into its header");
    CHECK(pl_exp_abort(watch->camera, CCS_HALT), "abort");
}

/* Some programs align their buffers, others do not; and what is beside a buffer is not the camera's. */
static void a_buffer_may_lie_anywhere(void)
{
    struct watch* watch = watch_new(begin());
    rgn_type area = square(16);
    void* frame = NULL;
    size_t at;
    CHECK(pl_exp_setup_cont(watch->camera, 1, &area, TIMED_MODE, 1, &watch->bytes, CIRC_OVERWRITE), "a setup");
    allocate(watch, (size_t)SLOTS * watch->bytes + 64);
    memset(watch->memory, POISON, watch->size);
    CHECK(pl_exp_start_cont(watch->camera, watch->memory + 23, SLOTS * watch->bytes), "a buffer on an odd address");
    expose(watch, SLOTS + 1);
    CHECK(pl_exp_get_latest_frame(watch->camera, &frame) && frame == watch->memory + 23, "a pass is done");
    CHECK(pl_exp_abort(watch->camera, CCS_HALT), "abort");
    for (at = 0; at < 64; at++)
        CHECK(watch->memory[at < 23 ? at : (size_t)SLOTS * watch->bytes + at] == POISON, "something is written beside it");
    CHECK(watch->memory[23] != POISON || watch->memory[24] != POISON, "and nothing into it");
}

static void unlocking_nothing_is_fine(void)
{
    struct watch* watch = watch_new(begin());
    void* frame = NULL;
    CHECK(pl_exp_unlock_oldest_frame(watch->camera), "before any setup");
    start_ring(watch, 16, CIRC_NO_OVERWRITE);
    CHECK(pl_exp_unlock_oldest_frame(watch->camera), "before any frame");
    expose(watch, 2);
    CHECK(pl_exp_get_oldest_frame(watch->camera, &frame) && frame == watch->memory, "the unlock took nothing from what came");
    CHECK(pl_exp_unlock_oldest_frame(watch->camera) && pl_exp_unlock_oldest_frame(watch->camera), "two that are there");
    CHECK(pl_exp_unlock_oldest_frame(watch->camera), "a third that is not");
    CHECK(pl_exp_stop_cont(watch->camera, CCS_HALT) && pl_exp_unlock_oldest_frame(watch->camera), "after the stop");
}

static int16 sequence_status(int16 camera)
{
    int16 status = -1;
    uns32 bytes = 0;
    CHECK(pl_exp_check_status(camera, &status, &bytes), "the status is told");
    return status;
}

static void a_finished_sequence_stays_complete(void)
{
    struct watch* watch = watch_new(begin());
    int again;
    start_sequence(watch, 16, 2);
    expose(watch, 2);
    for (again = 0; again < 5; again++)
        CHECK(sequence_status(watch->camera) == READOUT_COMPLETE, "it is complete however often one asks");
    CHECK(pl_exp_finish_seq(watch->camera, watch->memory, 0), "it is finished");
    CHECK(sequence_status(watch->camera) == READOUT_NOT_ACTIVE, "and then no more");
    CHECK(pl_exp_start_seq(watch->camera, watch->memory), "it starts again");
    expose(watch, 2);
    CHECK(sequence_status(watch->camera) == READOUT_COMPLETE, "it is complete");
    set_up(watch->camera, EXT_TRIG_INTERNAL, 1, "the next one is set up");
    CHECK(sequence_status(watch->camera) == READOUT_NOT_ACTIVE, "the old one is not complete any more");
}

static void a_sequence_starts_again_without_finish_or_setup(void)
{
    struct watch* watch = watch_new(begin());
    int again;
    listen(watch);
    start_sequence(watch, 16, 2);
    for (again = 1; again <= 5; again++) {
        expose(watch, 2);
        wait_for(&watch->left, 2 * again, "two frames");
        CHECK(watch->numbers[2 * again - 2] == 1 && watch->numbers[2 * again - 1] == 2, "they count from 1 each time");
        CHECK(pl_exp_start_seq(watch->camera, watch->memory), "it starts again");
    }
}

static void a_software_trigger_says_what_it_did(void)
{
    struct watch* watch = watch_new(begin());
    rgn_type area = square(16);
    uns32 flags = 0;
    CHECK(pl_exp_setup_cont(watch->camera, 1, &area, EXT_TRIG_SOFTWARE_EDGE, 1, &watch->bytes, CIRC_OVERWRITE), "a setup");
    allocate(watch, (size_t)SLOTS * watch->bytes);
    CHECK(pl_exp_start_cont(watch->camera, watch->memory, SLOTS * watch->bytes), "a start");
    flags = 0xA5A5A5A5;
    CHECK(pl_exp_trigger(watch->camera, &flags, 0) && flags == PL_SW_TRIG_STATUS_TRIGGERED, "the first one triggers");
    flags = 0xA5A5A5A5;
    CHECK(pl_exp_trigger(watch->camera, &flags, 0) && flags == PL_SW_TRIG_STATUS_IGNORED, "the camera is busy");
    CHECK(pl_exp_abort(watch->camera, CCS_HALT), "abort");
}

/* What one program needs to describe a camera and to allocate for it. */
static void a_camera_can_be_described(void)
{
    int16 camera = begin();
    rgn_type area = square(16);
    uns32 bytes = 0;
    ulong64 size;
    union answer least, most;
    CHECK(pl_exp_setup_cont(camera, 1, &area, TIMED_MODE, 1, &bytes, CIRC_NO_OVERWRITE), "a setup");
    size = ask(camera, PARAM_FRAME_BUFFER_SIZE, ATTR_DEFAULT, 8, "a size of buffer").u64;
    CHECK(size > 0 && size % bytes == 0, "it holds whole frames");
    area = ask(camera, PARAM_ROI, ATTR_CURRENT, 12, "the region").region;
    CHECK(area.s2 == 15 && area.p2 == 15, "it is the one that was set up");
    most = ask(camera, PARAM_ROI, ATTR_MAX, 12, "the largest region");
    CHECK(most.region.s2 == 2047 && most.region.p2 == 2047, "it is the sensor");
    ask(camera, PARAM_ROI, ATTR_MIN, 12, "the smallest region");
    least = ask(camera, PARAM_BINNING_SER, ATTR_MIN, 4, "the least factor");
    most = ask(camera, PARAM_BINNING_SER, ATTR_MAX, 4, "the largest factor");
    CHECK(least.u32 == 1 && most.u32 == 8, "of an enumeration they are the smallest and the largest value");
}

/* One program counts in microseconds, another in milliseconds. */
static void the_unit_of_exposures_is_a_choice(void)
{
    int16 camera = begin();
    uns16 unit = EXP_RES_ONE_MICROSEC;
    ulong64 time = 0;
    set_up(camera, EXT_TRIG_INTERNAL, 7, "7 of the units of power-up, which are milliseconds");
    CHECK(pl_get_param(camera, PARAM_EXPOSURE_TIME, ATTR_CURRENT, &time) && (time == 6 || time == 7), "milliseconds");
    set_param(camera, PARAM_EXP_RES_INDEX, &unit, "microseconds");
    set_up(camera, EXT_TRIG_INTERNAL, 7000, "7000 of them");
    CHECK(pl_get_param(camera, PARAM_EXPOSURE_TIME, ATTR_CURRENT, &time) && time > 6900 && time < 7100, "microseconds");
}

#define RULE(name) { #name, name }

static const struct rule RULES[] = {
    RULE(handles_are_indices),
    RULE(an_item_is_told_without_its_text),
    RULE(a_length_counts_the_null),
    RULE(counts_are_32_bits_for_every_type),
    RULE(booleans_are_16_bits),
    RULE(the_readout_time_has_four_bytes),
    RULE(smart_lists_are_told_by_their_length),
    RULE(a_smart_list_may_be_nearly_as_long_as_the_longest),
    RULE(the_timestamp_is_reset_and_not_read),
    RULE(what_is_not_there_leaves_outputs_alone),
    RULE(legacy_modes_are_taken),
    RULE(a_tiny_setup_sets_the_modes),
    RULE(a_region_of_nonsense_is_refused),
    RULE(frames_with_metadata_have_a_fixed_layout),
    RULE(a_buffer_may_lie_anywhere),
    RULE(unlocking_nothing_is_fine),
    RULE(a_finished_sequence_stays_complete),
    RULE(a_sequence_starts_again_without_finish_or_setup),
    RULE(a_software_trigger_says_what_it_did),
    RULE(a_camera_can_be_described),
    RULE(the_unit_of_exposures_is_a_choice),
};

int main(int argc, char** argv)
{
    return run_rule(RULES, sizeof RULES / sizeof RULES[0], argc, argv);
}
