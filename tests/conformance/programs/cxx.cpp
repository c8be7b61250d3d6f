// SPDX-License-Identifier: BSD-2-Clause
//
// C++ on the system's own libraries: exceptions through frames, libraries' callbacks and threads; threads, futures and
// condition variables; streams, regular expressions, clocks, files.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <numeric>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

struct Counted {
	static inline std::atomic<int> alive{0};
	Counted() { alive++; }
	~Counted() { alive--; }
};
static int deep(int n)
{
	Counted c;
	if (!n)
		throw std::out_of_range("the bottom");
	return deep(n - 1) + 1;
}
static int compare(const void *a, const void *b)
{
	if (*static_cast<const int *>(a) == 13)
		throw 13;
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}
static void exceptions()
{
	try { deep(1000); } catch (const std::exception &e) { std::cout << e.what() << ", alive " << Counted::alive << '\n'; }
	int v[] = { 5, 13, 1 };
	try { std::sort(v, v + 3, [](int a, int b) { return compare(&a, &b) < 0; }); } catch (int n) { std::cout << "through sort: " << n << '\n'; }
	std::vector<std::thread> ts;
	std::atomic<int> caught{0};
	for (int i = 0; i < 8; i++)
		ts.emplace_back([&, i] {
			for (int k = 0; k < 500; k++)
				try { deep(i + k % 7); } catch (const std::out_of_range &) { caught++; }
		});
	for (auto &t : ts)
		t.join();
	std::cout << "caught in threads: " << caught << '\n';
	auto f = std::async(std::launch::async, [] { return deep(3); });
	try { f.get(); } catch (const std::exception &e) { std::cout << "from a future: " << e.what() << '\n'; }
}
static void threads()
{
	std::mutex m;
	std::condition_variable cv;
	int turn = 0, sum = 0;
	std::vector<std::thread> ts;
	for (int me = 0; me < 4; me++)
		ts.emplace_back([&, me] {
			for (int i = 0; i < 2000; i++) {
				std::unique_lock l(m);
				cv.wait(l, [&] { return turn % 4 == me; });
				sum += me;
				turn++;
				cv.notify_all();
			}
		});
	for (auto &t : ts)
		t.join();
	std::cout << "turns " << turn << " sum " << sum << '\n';
	std::unique_lock l(m);
	auto t0 = std::chrono::steady_clock::now();
	bool woken = cv.wait_for(l, std::chrono::milliseconds(50), [] { return false; });
	auto took = std::chrono::steady_clock::now() - t0;
	std::cout << "waited in vain: " << !woken << ' ' << (took >= std::chrono::milliseconds(50)) << '\n';
	thread_local int mine = 7;
	std::thread([] { mine++; }).join();
	std::cout << "mine is " << mine << '\n';
}
static void files()
{
	namespace fs = std::filesystem;
	fs::create_directories("d/e/f");
	std::ofstream("d/e/text") << "one two\nthree\n";
	fs::copy("d/e/text", "d/copy");
	fs::rename("d/copy", "d/e/f/moved");
	fs::create_symlink("e/text", "d/link");
	fs::permissions("d/e/text", fs::perms::owner_read);
	std::vector<std::string> names;
	for (auto &p : fs::recursive_directory_iterator("d"))
		names.push_back(p.path().string() + (p.is_symlink() ? "@" : p.is_directory() ? "/" : "=" + std::to_string(p.file_size())));
	std::sort(names.begin(), names.end());
	for (auto &n : names)
		std::cout << n << '\n';
	std::error_code e;
	fs::remove("d", e);
	std::cout << "not empty: " << static_cast<bool>(e) << "; removed " << fs::remove_all("d") << '\n';
}
int main()
{
	exceptions();
	threads();
	files();
	std::string s = "2024-02-29 and 1999-12-31";
	std::regex date(R"((\d{4})-(\d\d)-(\d\d))");
	for (std::sregex_iterator i(s.begin(), s.end(), date), end; i != end; ++i)
		std::cout << (*i)[1] << '/' << (*i)[3] << '\n';
	std::map<std::string, int> m{{"b", 2}, {"a", 1}};
	std::ostringstream o;
	for (auto &[k, v] : m)
		o << k << v;
	std::cout << o.str() << ' ' << std::stod("1.25e3") << '\n';
}
