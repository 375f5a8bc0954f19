/* A PVCAM program in C, written against our header alone: every kind of call that cameras are used with, on the simulator.
 *
 * It is also C++. Each check says what it is about; the first that fails ends the program with 1. The cameras are those of
 * tour.toml: the first one's frames come when `pvcam_sim_step` asks for them, the second one runs by itself. */

#define _POSIX_C_SOURCE 200809L

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "master.h"
#include "pvcam.h"

#ifdef __cplusplus
extern "C" {
#endif
/* Of the simulator: exposes frames of a stepped camera; returns how many, their callbacks have returned by then. */
int32_t pvcam_sim_step(int16_t cam, uint32_t frames, uint32_t timeout_ms);
#ifdef __cplusplus
}
#endif

#define COLUMNS 64
#define ROWS 48
#define SLOTS 4
/* With a frame every 20 ms the callback thread may be more than a second late before a notification is lost. */
#define FREE_SLOTS 64
#define FREE_EXPOSURE_MS 20
#define FRAMES 3
#define PATIENCE_MS 20000

/* The header gives no names to error codes. */
#define ERROR_ALREADY_INITIALIZED 158
#define ERROR_PARAMETER_NOT_AVAILABLE 160
#define ERROR_NO_DATA 169
#define ERROR_BUFFER_SIZE 171
#define ERROR_HANDLE 175
#define ERROR_NAME_UNKNOWN 176
#define ERROR_REGION 181
#define ERROR_SETUP_REQUIRED 188

static void check(int good, int line, const char* what)
{
    char message[ERROR_MSG_LEN + 1] = "";
    if (good)
        return;
    pl_error_message(pl_error_code(), message);
    fprintf(stderr, "WRONG, line %d: %s (error %d: %s)\n", line, what, pl_error_code(), message);
    exit(1);
}

#define CHECK(good, what) check((good), __LINE__, (what))
#define FAILS(call, code, what) check((call) == PV_FAIL && pl_error_code() == (code), __LINE__, (what))

/* The counter scene of the simulator. */
static uns16 pixel(uns32 number, uns32 row, uns32 column, uns16 bits)
{
    return (uns16)((number * 31u + row * 7u + column) & ((1u << bits) - 1u));
}

static int is_frame(const uns16* pixels, uns32 number, uns16 bits)
{
    uns32 row, column;
    for (row = 0; row < ROWS; row++)
        for (column = 0; column < COLUMNS; column++)
            if (pixels[row * COLUMNS + column] != pixel(number, row, column, bits))
                return 0;
    return 1;
}

static int controls_hold(void)
{
    uns16 pixels[ROWS * COLUMNS];
    uns32 at;
    for (at = 0; at < ROWS * COLUMNS; at++)
        pixels[at] = pixel(5, at / COLUMNS, at % COLUMNS, 16);
    if (!is_frame(pixels, 5, 16) || is_frame(pixels, 6, 16))
        return 0;
    pixels[ROWS * COLUMNS - 1] ^= 1;
    return !is_frame(pixels, 5, 16);
}

static void pause_ms(long milliseconds)
{
    struct timespec time;
    time.tv_sec = milliseconds / 1000;
    time.tv_nsec = milliseconds % 1000 * 1000000L;
    nanosleep(&time, NULL);
}

static uns16 get_u16(int16 camera, uns32 id, int16 attribute)
{
    uns16 value = 0xFFFF;
    CHECK(pl_get_param(camera, id, attribute, &value), "a 16-bit parameter is told");
    return value;
}

static void library(void)
{
    uns16 version = 0;
    int16 total = 0, camera = -1;
    char name[CAM_NAME_LEN], unknown[CAM_NAME_LEN] = "nobody";
    CHECK(pl_pvcam_get_ver(&version) && version == 0x03A2, "version 3.10.2, before init too");
    FAILS(pl_cam_get_total(&total), 157, "nothing is listed before init");
    CHECK(pl_pvcam_init(), "init");
    FAILS(pl_pvcam_init(), ERROR_ALREADY_INITIALIZED, "init twice");
    CHECK(pl_cam_get_total(&total) && total == 2, "two cameras");
    CHECK(pl_cam_get_name(0, name) && strcmp(name, "pvcamUSB_0") == 0, "the first camera's name");
    CHECK(pl_cam_get_name(1, name) && strcmp(name, "pvcamUSB_1") == 0, "the second camera's name");
    FAILS(pl_cam_open(unknown, &camera, OPEN_EXCLUSIVE), ERROR_NAME_UNKNOWN, "an unknown camera");
    CHECK(camera == -1, "a refused call leaves its output alone");
}

static int16 open_camera(int16 index)
{
    char name[CAM_NAME_LEN];
    int16 camera = -1;
    CHECK(pl_cam_get_name(index, name) && pl_cam_open(name, &camera, OPEN_EXCLUSIVE), "the camera opens");
    CHECK(camera == index, "handles are indices");
    return camera;
}

/* Switches off every post-processing feature, by the parameter whose number is ten times the feature's. */
static void switch_off_features(int16 camera)
{
    uns32 features = 0, parameters = 0, id = 0, off = 0, value = 1, left = 0;
    int16 feature, parameter;
    CHECK(pl_pp_reset(camera), "post-processing resets");
    CHECK(pl_get_param(camera, PARAM_PP_INDEX, ATTR_COUNT, &features) && features > 0, "features are counted");
    for (feature = 0; feature < (int16)features; feature++) {
        CHECK(pl_set_param(camera, PARAM_PP_INDEX, &feature), "a feature is chosen");
        CHECK(pl_get_param(camera, PARAM_PP_PARAM_INDEX, ATTR_COUNT, &parameters), "its parameters are counted");
        for (parameter = 0; parameter < (int16)parameters; parameter++) {
            CHECK(pl_set_param(camera, PARAM_PP_PARAM_INDEX, &parameter), "a parameter is chosen");
            CHECK(pl_get_param(camera, PARAM_PP_PARAM_ID, ATTR_CURRENT, &id), "its number");
            if (id % PP_MAX_PARAMETERS_PER_FEATURE != 0)
                continue;
            CHECK(pl_set_param(camera, PARAM_PP_PARAM, &off), "it is switched off");
            CHECK(pl_get_param(camera, PARAM_PP_PARAM, ATTR_CURRENT, &value) && value == 0, "and reads back so");
            left++;
        }
    }
    CHECK(left > 0, "there was something to switch off");
}

static void parameters(int16 camera)
{
    rs_bool available = 7, on = 1;
    uns32 count = 0, length = 0, index, found = 0;
    int32 value = 0;
    int16 temperature = 0;
    char text[64];
    CHECK(get_u16(camera, PARAM_SER_SIZE, ATTR_CURRENT) == 2048, "columns");
    CHECK(get_u16(camera, PARAM_PAR_SIZE, ATTR_CURRENT) == 2048, "rows");
    CHECK(get_u16(camera, PARAM_SER_SIZE, ATTR_ACCESS) == ACC_READ_ONLY, "a sensor's size is not written");
    CHECK(get_u16(camera, PARAM_SER_SIZE, ATTR_TYPE) == TYPE_UNS16, "its type");
    CHECK(pl_get_param(camera, PARAM_SHTR_STATUS, ATTR_AVAIL, &available) && available == 0, "no shutter");
    FAILS(pl_get_param(camera, PARAM_SHTR_STATUS, ATTR_CURRENT, &value), ERROR_PARAMETER_NOT_AVAILABLE, "no shutter");
    CHECK(pl_get_param(camera, PARAM_EXP_RES, ATTR_COUNT, &count) && count == 2, "two exposure units");
    for (index = 0; index < count; index++) {
        CHECK(pl_enum_str_length(camera, PARAM_EXP_RES, index, &length) && length <= sizeof text, "a length");
        CHECK(pl_get_enum_param(camera, PARAM_EXP_RES, index, &value, text, length), "an item");
        CHECK(strlen(text) + 1 == length, "the length counts the null");
        found |= value == EXP_RES_ONE_MICROSEC;
    }
    CHECK(found, "microseconds are offered");
    value = EXP_RES_ONE_MICROSEC;
    CHECK(pl_set_param(camera, PARAM_EXP_RES, &value), "microseconds are chosen");
    CHECK(get_u16(camera, PARAM_EXP_RES_INDEX, ATTR_CURRENT) == EXP_RES_ONE_MICROSEC, "and read back");
    CHECK(pl_set_param(camera, PARAM_METADATA_ENABLED, &on), "metadata on");
    CHECK(pl_get_param(camera, PARAM_TEMP, ATTR_CURRENT, &temperature), "the temperature");
    switch_off_features(camera);
}

static rgn_type region(void)
{
    rgn_type area;
    area.s1 = 100;
    area.s2 = 100 + COLUMNS - 1;
    area.p1 = 200;
    area.p2 = 200 + ROWS - 1;
    area.sbin = area.pbin = 1;
    return area;
}

/* Decodes a frame and compares all that is in it. */
static void decoded(md_frame* decoder, void* slot, uns32 bytes, uns32 number)
{
    const rgn_type area = region();
    CHECK(pl_md_frame_decode(decoder, slot, bytes), "metadata is decoded");
    CHECK(decoder->header->signature == PL_MD_FRAME_SIGNATURE, "the signature");
    CHECK(decoder->header->frameNr == number, "the stamp is the frame's number");
    CHECK(decoder->roiCount == 1 && decoder->roiArray[0].dataSize == 2 * ROWS * COLUMNS, "one region");
    CHECK(memcmp(&decoder->roiArray[0].header->roi, &area, sizeof area) == 0, "the region is the one asked for");
    CHECK(is_frame((const uns16*)decoder->roiArray[0].data, number, decoder->header->bitDepth), "every pixel");
}

static int16 sequence_status(int16 camera)
{
    int16 status = -1;
    uns32 bytes = 0;
    CHECK(pl_exp_check_status(camera, &status, &bytes), "the status of a sequence");
    return status;
}

static void sequence(int16 camera)
{
    rgn_type area = region(), outside = region();
    uns32 bytes = 0, number;
    md_frame* decoder = NULL;
    uns8* buffer;
    outside.s2 = 2048;
    FAILS(pl_exp_setup_seq(camera, FRAMES, 1, &outside, TIMED_MODE, 1000, &bytes), ERROR_REGION, "off the sensor");
    CHECK(pl_exp_setup_seq(camera, FRAMES, 1, &area, EXT_TRIG_INTERNAL, 1000, &bytes), "a sequence is set up");
    CHECK(bytes % FRAMES == 0 && bytes / FRAMES >= 48 + 32 + 2 * ROWS * COLUMNS, "its size holds headers and pixels");
    buffer = (uns8*)calloc(1, bytes);
    CHECK(pl_exp_start_seq(camera, buffer), "it starts");
    CHECK(sequence_status(camera) == EXPOSURE_IN_PROGRESS, "it exposes");
    CHECK(pvcam_sim_step(camera, FRAMES, PATIENCE_MS) == FRAMES, "all frames come");
    CHECK(sequence_status(camera) == READOUT_COMPLETE && sequence_status(camera) == READOUT_COMPLETE, "it is over");
    CHECK(pl_md_create_frame_struct_cont(&decoder, 1), "a decoder is made");
    for (number = 1; number <= FRAMES; number++)
        decoded(decoder, buffer + (number - 1) * (bytes / FRAMES), bytes / FRAMES, number);
    CHECK(pl_exp_finish_seq(camera, buffer, 0), "it is finished");
    CHECK(sequence_status(camera) == READOUT_NOT_ACTIVE, "and nothing is active");
    CHECK(pl_md_release_frame_struct(decoder), "the decoder is released");
    free(buffer);
}

/* The oldest frame that is not unlocked is this one, in this slot. */
static void oldest(int16 camera, md_frame* decoder, uns8* buffer, uns32 bytes, uns32 number, uns32 slot)
{
    void* frame = NULL;
    FRAME_INFO info;
    CHECK(pl_exp_get_oldest_frame_ex(camera, &frame, &info), "the oldest frame");
    CHECK(info.FrameNr == (int32)number && info.hCam == camera, "is the one expected");
    CHECK(frame == buffer + slot * bytes, "in its slot");
    decoded(decoder, frame, bytes, number);
}

/* A ring with locks: a full one keeps its slots, loses frames, and goes on where it was unlocked. */
static void locked_ring(int16 camera)
{
    rgn_type area = region();
    uns32 bytes = 0, number, arrived = 0, passes = 0;
    int16 status = -1;
    void* frame = NULL;
    md_frame* decoder = NULL;
    uns8* ring;
    CHECK(pl_exp_setup_cont(camera, 1, &area, EXT_TRIG_INTERNAL, 1000, &bytes, CIRC_NO_OVERWRITE), "a ring");
    ring = (uns8*)calloc(SLOTS, bytes);
    CHECK(pl_md_create_frame_struct_cont(&decoder, 1), "a decoder is made");
    FAILS(pl_exp_start_cont(camera, ring, SLOTS * bytes - 1), ERROR_BUFFER_SIZE, "not a whole number of frames");
    CHECK(pl_exp_start_cont(camera, ring, SLOTS * bytes), "it starts");
    FAILS(pl_exp_get_oldest_frame(camera, &frame), ERROR_NO_DATA, "nothing has come");
    CHECK(pvcam_sim_step(camera, SLOTS + 2, PATIENCE_MS) == SLOTS + 2, "two more frames than slots");
    CHECK(pl_exp_check_cont_status(camera, &status, &arrived, &passes), "the status of a ring");
    CHECK(status == FRAME_AVAILABLE && passes == 1, "one pass is done");
    oldest(camera, decoder, ring, bytes, 1, 0);
    for (number = 1; number <= SLOTS; number++) {
        oldest(camera, decoder, ring, bytes, number, number - 1);
        CHECK(pl_exp_unlock_oldest_frame(camera), "it is unlocked");
    }
    FAILS(pl_exp_get_oldest_frame(camera, &frame), ERROR_NO_DATA, "all are unlocked");
    CHECK(pvcam_sim_step(camera, 1, PATIENCE_MS) == 1, "it goes on");
    oldest(camera, decoder, ring, bytes, SLOTS + 3, 0);
    CHECK(pl_exp_stop_cont(camera, CCS_HALT), "it stops");
    CHECK(pvcam_sim_step(camera, 1, 0) == -1, "nothing exposes any more");
    CHECK(pl_md_release_frame_struct(decoder), "the decoder is released");
    free(ring);
}

/* What the callback shares with the program: written before `done`, read after it. */
struct watch
{
    int16 camera;
    uns8* ring;
    uns32 bytes;
    int32 calls, until;
    int wrong;
    volatile int done;
};

/* Every frame in turn, in its slot; the last one aborts from in here. */
static void PV_DECL on_frame(const FRAME_INFO* info, void* context)
{
    struct watch* watch = (struct watch*)context;
    FRAME_INFO latest;
    void* frame = NULL;
    watch->calls++;
    if (info->hCam != watch->camera || info->FrameNr != watch->calls || info->TimeStamp < info->TimeStampBOF)
        watch->wrong = 1;
    if (!pl_exp_get_latest_frame_ex(watch->camera, &frame, &latest) || latest.FrameNr != info->FrameNr)
        watch->wrong = 2;
    if (frame != watch->ring + (uns32)(info->FrameNr - 1) % FREE_SLOTS * watch->bytes)
        watch->wrong = 3;
    if (watch->calls == watch->until) {
        if (!pl_exp_abort(watch->camera, CCS_HALT))
            watch->wrong = 4;
        __atomic_store_n(&watch->done, 1, __ATOMIC_RELEASE);
    }
}

static void abort_inside_callback(int16 camera, struct watch* watch)
{
    int waited;
    watch->calls = watch->wrong = 0;
    __atomic_store_n(&watch->done, 0, __ATOMIC_RELEASE);
    CHECK(pl_exp_start_cont(camera, watch->ring, FREE_SLOTS * watch->bytes), "the ring starts");
    for (waited = 0; waited < PATIENCE_MS && !__atomic_load_n(&watch->done, __ATOMIC_ACQUIRE); waited++)
        pause_ms(1);
    CHECK(__atomic_load_n(&watch->done, __ATOMIC_ACQUIRE), "the callback has aborted");
    CHECK(watch->wrong == 0, "each callback saw its own frame");
    pause_ms(3 * FREE_EXPOSURE_MS);
    CHECK(watch->calls == watch->until, "no callback comes after the abort");
}

static void callbacks(int16 camera)
{
    rgn_type area = region();
    struct watch watch;
    memset(&watch, 0, sizeof watch);
    watch.camera = camera;
    watch.until = 10;
    FAILS(pl_exp_start_cont(camera, &watch, 1), ERROR_SETUP_REQUIRED, "no start without a setup");
    CHECK(pl_cam_register_callback_ex3(camera, PL_CALLBACK_EOF, (void*)on_frame, &watch), "a callback");
    CHECK(pl_exp_setup_cont(camera, 1, &area, EXT_TRIG_INTERNAL, FREE_EXPOSURE_MS, &watch.bytes, CIRC_OVERWRITE), "a ring");
    watch.ring = (uns8*)calloc(FREE_SLOTS, watch.bytes);
    abort_inside_callback(camera, &watch);
    /* At once again, with the same setup; numbers start anew. */
    abort_inside_callback(camera, &watch);
    CHECK(pl_cam_deregister_callback(camera, PL_CALLBACK_EOF), "the callback goes");
    CHECK(pl_exp_start_cont(camera, watch.ring, FREE_SLOTS * watch.bytes), "without a callback too");
    pause_ms(3 * FREE_EXPOSURE_MS);
    CHECK(pl_exp_abort(camera, CCS_HALT) && watch.calls == watch.until, "nobody was called");
    free(watch.ring);
}

int main(void)
{
    int16 stepped, real;
    CHECK(controls_hold(), "a wrong pixel is noticed");
    library();
    stepped = open_camera(0);
    real = open_camera(1);
    parameters(stepped);
    sequence(stepped);
    locked_ring(stepped);
    callbacks(real);
    CHECK(pl_cam_close(stepped), "close");
    FAILS(pl_cam_close(stepped), ERROR_HANDLE, "close twice");
    /* The second camera is left open: uninit closes it. */
    CHECK(pl_pvcam_uninit(), "uninit");
    FAILS(pl_pvcam_uninit(), 157, "uninit twice");
    printf("toured\n");
    return 0;
}
