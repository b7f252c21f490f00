// tiny-music DIR: writes the tests' own dataset there, for scripts.
#include <iostream>

#include "tests/support/tiny_music.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: tiny-music DIR\n";
    return 2;
  }
  tutti::WriteTinyMusic(argv[1]);
  return 0;
}
