// tiny-music DIR [SECONDS]: writes the tests' own dataset there, for scripts.
#include <cstdlib>
#include <iostream>

#include "tests/support/tiny_music.h"

int main(int argc, char** argv) {
  tutti::TinyMusic music;
  if (argc == 3) music.seconds = std::atof(argv[2]);
  if (argc < 2 || argc > 3 || music.seconds <= 0) {
    std::cerr << "usage: tiny-music DIR [SECONDS]\n";
    return 2;
  }
  tutti::WriteTinyMusic(argv[1], music);
  return 0;
}
