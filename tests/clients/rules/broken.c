/* A library that breaks one rule, laid before the real one (LD_PRELOAD). BREAK names what is wrong with it.
 *
 * The programs of this folder must notice each of them; else what they say of a library that is right would mean nothing.
 * All others of its functions are the real library's. */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "master.h"
#include "pvcam.h"

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int broken(const char* name)
{
    const char* what = getenv("BREAK");
    return what != NULL && strcmp(what, name) == 0;
}

static void pause_ms(long milliseconds)
{
    struct timespec time;
    time.tv_sec = milliseconds / 1000;
    time.tv_nsec = milliseconds % 1000 * 1000000L;
    nanosleep(&time, NULL);
}

static void in_background(void* (*work)(void*), long argument)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, (void*)argument) == 0)
        pthread_detach(thread);
}

/* Callbacks under way, starts, and the number of the last frame. */
static int inside, starts, last_number;
static void (*handler)(const FRAME_INFO*, void*);
static void* handlers_context;

static void wait_for_callbacks(void)
{
    while (__atomic_load_n(&inside, __ATOMIC_SEQ_CST))
        pause_ms(1);
}

static void PV_DECL relay(const FRAME_INFO* info, void* context)
{
    FRAME_INFO told = *info;
    (void)context;
    __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
    if (broken("numbers frames on") && starts > 1)
        told.FrameNr += 1000;
    if (broken("names no camera"))
        told.hCam = -1;
    if (broken("calls back for old frames") && starts > 1 && info->FrameNr == 1) {
        told.FrameNr = last_number + 1;
        handler(&told, handlers_context);
        told = *info;
    }
    last_number = info->FrameNr;
    handler(&told, handlers_context);
    __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
}

rs_bool pl_cam_register_callback_ex3(int16 hcam, int32 callback_event, void* callback, void* context)
{
    handler = (void (*)(const FRAME_INFO*, void*))callback;
    handlers_context = context;
    return REAL(pl_cam_register_callback_ex3)(hcam, callback_event, (void*)relay, NULL);
}

static void* deregister_later(void* hcam)
{
    REAL(pl_cam_deregister_callback)((int16)(long)hcam, PL_CALLBACK_EOF);
    return NULL;
}

rs_bool pl_cam_deregister_callback(int16 hcam, int32 callback_event)
{
    if (broken("does not wait for callbacks")) {
        in_background(deregister_later, hcam);
        return PV_OK;
    }
    if (broken("waits for the callback that it is called in"))
        wait_for_callbacks();
    return REAL(pl_cam_deregister_callback)(hcam, callback_event);
}

static void* close_later(void* hcam)
{
    REAL(pl_cam_close)((int16)(long)hcam);
    return NULL;
}

rs_bool pl_cam_close(int16 hcam)
{
    if (broken("does not wait for callbacks")) {
        in_background(close_later, hcam);
        return PV_OK;
    }
    if (broken("waits for the callback that it is called in"))
        wait_for_callbacks();
    return REAL(pl_cam_close)(hcam);
}

static void* abort_later(void* hcam)
{
    pause_ms(100);
    REAL(pl_exp_abort)((int16)(long)hcam, CCS_HALT);
    return NULL;
}

static rs_bool stop(int16 hcam)
{
    rs_bool result;
    if (broken("writes on after a stop")) {
        in_background(abort_later, hcam);
        return PV_OK;
    }
    /* A stop may take its time; that alone breaks nothing. */
    if (broken("waits for callbacks in a stop") || broken("nothing, but stops slowly"))
        pause_ms(5);
    result = REAL(pl_exp_abort)(hcam, CCS_HALT);
    if (broken("waits for callbacks in a stop"))
        wait_for_callbacks();
    return result;
}

rs_bool pl_exp_abort(int16 hcam, int16 cam_state)
{
    (void)cam_state;
    return stop(hcam);
}

rs_bool pl_exp_stop_cont(int16 hcam, int16 cam_state)
{
    (void)cam_state;
    return stop(hcam);
}

rs_bool pl_exp_finish_seq(int16 hcam, void* pixel_stream, int16 hbuf)
{
    (void)pixel_stream;
    (void)hbuf;
    return stop(hcam);
}

rs_bool pl_exp_start_cont(int16 hcam, void* pixel_stream, uns32 size)
{
    starts++;
    if (broken("takes aligned buffers only") && (uintptr_t)pixel_stream % 16 != 0)
        return PV_FAIL;
    if (broken("writes beside the buffer"))
        pixel_stream = (uns8*)pixel_stream - 1;
    return REAL(pl_exp_start_cont)(hcam, pixel_stream, size);
}

rs_bool pl_exp_start_seq(int16 hcam, void* pixel_stream)
{
    starts++;
    if (broken("wants a finish before a start") && starts > 1)
        return PV_FAIL;
    return REAL(pl_exp_start_seq)(hcam, pixel_stream);
}

struct fetch
{
    int16 hcam;
    void** frame;
    FRAME_INFO* info;
    rs_bool result;
};

static void* fetch(void* context)
{
    struct fetch* fetch = (struct fetch*)context;
    fetch->result = REAL(pl_exp_get_latest_frame_ex)(fetch->hcam, fetch->frame, fetch->info);
    return NULL;
}

/* On another thread it is not in the callback. */
rs_bool pl_exp_get_latest_frame_ex(int16 hcam, void** frame, FRAME_INFO* frame_info)
{
    struct fetch call = { hcam, frame, frame_info, PV_FAIL };
    pthread_t thread;
    if (!broken("gives callbacks the newest frame") || pthread_create(&thread, NULL, fetch, &call) != 0)
        return REAL(pl_exp_get_latest_frame_ex)(hcam, frame, frame_info);
    pthread_join(thread, NULL);
    return call.result;
}

static int in_init;

rs_bool pl_pvcam_init(void)
{
    rs_bool result;
    in_init = broken("does not stop at exit");
    result = REAL(pl_pvcam_init)();
    in_init = 0;
    return result;
}

int __cxa_atexit(void (*function)(void*), void* argument, void* module);

int __cxa_atexit(void (*function)(void*), void* argument, void* module)
{
    return in_init ? 0 : REAL(__cxa_atexit)(function, argument, module);
}

rs_bool pl_pvcam_uninit(void)
{
    return broken("leaves cameras open") ? PV_OK : REAL(pl_pvcam_uninit)();
}

rs_bool pl_cam_open(char* camera_name, int16* hcam, int16 o_mode)
{
    rs_bool result = REAL(pl_cam_open)(camera_name, hcam, o_mode);
    if (broken("counts handles from 1"))
        (*hcam)++;
    return result;
}

rs_bool pl_exp_unlock_oldest_frame(int16 hcam)
{
    void* frame = NULL;
    if (broken("refuses to unlock nothing") && !REAL(pl_exp_get_oldest_frame)(hcam, &frame))
        return PV_FAIL;
    return REAL(pl_exp_unlock_oldest_frame)(hcam);
}

rs_bool pl_exp_setup_cont(
    int16 hcam, uns16 rgn_total, const rgn_type* rgn_array, int16 exp_mode, uns32 exposure_time, uns32* exp_bytes,
    int16 buffer_mode)
{
    rs_bool result;
    if (broken("refuses old modes") && exp_mode < EXT_TRIG_INTERNAL)
        return PV_FAIL;
    result = REAL(pl_exp_setup_cont)(hcam, rgn_total, rgn_array, exp_mode, exposure_time, exp_bytes, buffer_mode);
    if (broken("has larger headers"))
        *exp_bytes += 16;
    return broken("takes any region") ? PV_OK : result;
}

rs_bool pl_exp_setup_seq(
    int16 hcam, uns16 exp_total, uns16 rgn_total, const rgn_type* rgn_array, int16 exp_mode, uns32 exposure_time,
    uns32* exp_bytes)
{
    if (broken("refuses no exposure") && exposure_time == 0)
        return PV_FAIL;
    if (broken("keeps the old modes"))
        exp_mode = EXT_TRIG_INTERNAL;
    if (broken("knows milliseconds only") && exposure_time > 1000)
        exposure_time *= 1000;
    return REAL(pl_exp_setup_seq)(hcam, exp_total, rgn_total, rgn_array, exp_mode, exposure_time, exp_bytes);
}

rs_bool pl_exp_check_status(int16 hcam, int16* status, uns32* bytes_arrived)
{
    static int told;
    rs_bool result = REAL(pl_exp_check_status)(hcam, status, bytes_arrived);
    if (broken("is complete once") && *status == READOUT_COMPLETE && told++)
        *status = READOUT_NOT_ACTIVE;
    if (broken("is complete for ever") && told++)
        *status = READOUT_COMPLETE;
    return result;
}

rs_bool pl_exp_trigger(int16 hcam, uns32* flags, uns32 value)
{
    uns32 told = 0;
    rs_bool result = REAL(pl_exp_trigger)(hcam, &told, value);
    if (!broken("does not say what a trigger did"))
        *flags = told;
    return result;
}

rs_bool pl_get_enum_param(int16 hcam, uns32 param_id, uns32 index, int32* value, char* desc, uns32 length)
{
    if (broken("wants room for text") && desc == NULL)
        return PV_FAIL;
    return REAL(pl_get_enum_param)(hcam, param_id, index, value, desc, length);
}

rs_bool pl_enum_str_length(int16 hcam, uns32 param_id, uns32 index, uns32* length)
{
    rs_bool result = REAL(pl_enum_str_length)(hcam, param_id, index, length);
    *length += broken("counts one byte more") ? 1 : 0;
    return result;
}

rs_bool pl_set_param(int16 hcam, uns32 param_id, void* param_value)
{
    smart_stream_type* list = (smart_stream_type*)param_value;
    if (broken("takes short lists only") && param_id == PARAM_SMART_STREAM_EXP_PARAMS && list->entries > 8)
        return PV_FAIL;
    return REAL(pl_set_param)(hcam, param_id, param_value);
}

/* Puts `more` zeros behind the `size` bytes of an answer. */
static void widen(void* answer, size_t size, size_t more)
{
    memset((uns8*)answer + size, 0, more);
}

rs_bool pl_get_param(int16 hcam, uns32 param_id, int16 param_attribute, void* param_value)
{
    int smart = param_id == PARAM_SMART_STREAM_EXP_PARAMS;
    rs_bool result;
    if (broken("reads what is written only") && param_id == PARAM_METADATA_RESET_TIMESTAMP && param_attribute == ATTR_CURRENT)
        return PV_OK;
    result = REAL(pl_get_param)(hcam, param_id, param_attribute, param_value);
    if (!result) {
        if (broken("clears outputs of refused calls"))
            memset(param_value, 0, 2);
        return result;
    }
    if (broken("has 32-bit booleans") && param_attribute == ATTR_AVAIL)
        widen(param_value, 2, 2);
    if (broken("has the readout time of its id") && param_id == PARAM_READOUT_TIME && param_attribute == ATTR_CURRENT)
        widen(param_value, 4, 4);
    if (broken("has 64-bit counts") && param_attribute == ATTR_COUNT)
        widen(param_value, 4, 4);
    if (broken("tells whole lists") && smart && param_attribute == ATTR_MAX)
        widen(param_value, 8, 8);
    if (broken("tells no length of a list") && smart && param_attribute == ATTR_CURRENT)
        ((smart_stream_type*)param_value)->entries = 16;
    if (broken("has an odd buffer") && param_id == PARAM_FRAME_BUFFER_SIZE)
        (*(ulong64*)param_value)++;
    return result;
}
