// The usual way in C++: a frame's number under a mutex, and a condition variable. Prints the time from before the notification to the
// moment at which the waiting thread looks at its clock, one sample a line, in nanoseconds.
//
//     condvar SAMPLES PERIOD_US

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

using Clock = std::chrono::steady_clock;

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    const long samples = std::atol(argv[1]);
    const std::chrono::microseconds period(std::atol(argv[2]));
    std::mutex mutex;
    std::condition_variable arrived;
    long newest = 0;
    Clock::time_point published;
    std::vector<long long> latencies;
    latencies.reserve(static_cast<std::size_t>(samples));

    std::thread reader([&] {
        for (long last = 0; last < samples;) {
            std::unique_lock<std::mutex> lock(mutex);
            arrived.wait(lock, [&] { return newest > last; });
            const auto now = Clock::now();
            last = newest;
            latencies.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(now - published).count());
        }
    });
    for (long number = 1; number <= samples; ++number) {
        std::this_thread::sleep_for(period);
        {
            const std::lock_guard<std::mutex> lock(mutex);
            published = Clock::now();
            newest = number;
        }
        arrived.notify_one();
    }
    reader.join();
    for (const long long latency : latencies) {
        std::printf("%lld\n", latency);
    }
    return 0;
}
