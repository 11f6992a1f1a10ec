/* Stands in for libnvidia-ml.so.1: a machine with two GPUs, the second of which knows little.
   Names and structures as in NVIDIA's nvml.h; no header is needed to build it. */

typedef unsigned long long u64;
typedef unsigned int u32;

enum { OK = 0, NOT_SUPPORTED = 3, INSUFFICIENT_SIZE = 7 };

typedef struct { u64 total, free, used; } Memory;
typedef struct { u32 gpu, memory; } Load;
typedef struct { u32 pid; u64 used; u32 instance, compute; } Process;
typedef struct { u32 pid; u64 time_us; u32 sm, memory, encoder, decoder; } Sample;

extern int getpid(void);

static int places[2] = {0, 1};

static int is_second(void *device) { return *(int *)device; }

int nvmlInit_v2(void) { return OK; }
int nvmlInitWithFlags(u32 flags) { (void)flags; return OK; }
int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int code) { (void)code; return "an error"; }

int nvmlDeviceGetCount_v2(u32 *count) { *count = 2; return OK; }

int nvmlDeviceGetHandleByIndex_v2(u32 index, void **device) {
    *device = &places[index];
    return OK;
}

int nvmlDeviceGetName(void *device, char *name, u32 size) {
    const char *told = is_second(device) ? "NVIDIA Small" : "NVIDIA Large";
    u32 at = 0;
    for (; told[at] && at + 1 < size; at++) name[at] = told[at];
    name[at] = 0;
    return OK;
}

int nvmlDeviceGetMemoryInfo(void *device, Memory *memory) {
    memory->total = is_second(device) ? 1000 : 80000;
    memory->used = memory->total / 4;
    memory->free = memory->total - memory->used;
    return OK;
}

int nvmlDeviceGetUtilizationRates(void *device, Load *load) {
    if (is_second(device)) return NOT_SUPPORTED;
    load->gpu = 93;
    load->memory = 41;
    return OK;
}

int nvmlDeviceGetPowerUsage(void *device, u32 *milliwatts) {
    *milliwatts = 312500;
    return is_second(device) ? NOT_SUPPORTED : OK;
}

int nvmlDeviceGetTemperature(void *device, int sensor, u32 *celsius) {
    (void)sensor;
    *celsius = is_second(device) ? 40 : 71;
    return OK;
}

int nvmlDeviceGetClockInfo(void *device, int type, u32 *mhz) {
    (void)device;
    *mhz = type == 1 ? 1410 : type == 2 ? 1593 : 0;
    return OK;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void *device, u32 *count, Process *found) {
    if (is_second(device)) { *count = 0; return OK; }
    if (*count < 2) { *count = 2; return INSUFFICIENT_SIZE; }
    *count = 2;
    found[0] = (Process){1, 99999, 0, 0};
    found[1] = (Process){(u32)getpid(), 12345, 0, 0};
    return OK;
}

int nvmlDeviceGetProcessUtilization(void *device, Sample *found, u32 *count, u64 since_us) {
    (void)since_us;
    if (is_second(device)) return NOT_SUPPORTED;
    if (*count < 1) { *count = 1; return INSUFFICIENT_SIZE; }
    *count = 1;
    found[0] = (Sample){(u32)getpid(), 5, 88, 30, 0, 0};
    return OK;
}
