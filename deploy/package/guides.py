#!/usr/bin/env python3
"""Man pages and shell completions from what the programs say of themselves.

guides.py BIN_DIR OUT_DIR: runs each program's --help and writes OUT_DIR/man1/*.1.gz, OUT_DIR/bash/*, OUT_DIR/zsh/_*,
OUT_DIR/fish/*.fish. The same programs give the same bytes.
"""

import gzip
import pathlib
import re
import subprocess
import sys

PROGRAMS = ("tutti", "tutti-coordinator", "tutti-worker", "tutti-preprocess")
# What prints the names that a positional of that kind may have, one a line.
NAMES = {
    "sweep": "tutti sweeps --quiet",
    "job": "tutti sweeps --quiet {where} | while read -r sweep; do tutti jobs \"$sweep\" --quiet {where}; done",
    "worker": "tutti workers --quiet",
}
ENTRY = re.compile(r"^  (\S.*?)(?:  +(\S.*))?$")


class Command:
    """One command: its words after the program's name, its help, options [(flags, text)], subcommands [(name, text)]."""

    def __init__(self, program, words):
        answer = subprocess.run([program, *words, "--help"], capture_output=True, text=True, timeout=30, check=True)
        self.words = words
        self.help = answer.stdout.rstrip()
        self.options = [([flag for flag in re.split(r"[ ,=]", name) if flag.startswith("-")], text)
                        for name, text in self.entries("Options")]
        self.subcommands = [(name.split()[0], text) for name, text in self.entries("Subcommands")]

    def entries(self, title):
        found, inside = [], False
        for line in self.help.splitlines():
            if not line.startswith(" "):
                inside = line == title + ":"
                continue
            match = ENTRY.match(line)
            if inside and match:
                found.append((match.group(1), match.group(2) or ""))
        return found

    def kinds(self):
        """Of NAMES: what its positionals are, told by their names ("sweep_or_job")."""
        words = {part for name, _ in self.entries("Positionals") for part in name.split()[0].lower().split("_")}
        return [] if "file" in words else [kind for kind in NAMES if kind in words]

    def flags(self):
        return [flag for flags, _ in self.options for flag in flags]


def commands_of(program):
    """The program's own help first, then each subcommand's, in the order in which they are told."""
    found, open_words = [], [[]]
    while open_words:
        command = Command(program, open_words.pop(0))
        found.append(command)
        open_words += [command.words + [name] for name, _ in command.subcommands]
    if not found[0].options:
        raise SystemExit(f"guides: {program} --help names no option; expected a section \"Options:\"")
    return found


def roff(text):
    lines = text.replace("\\", "\\e").replace("-", "\\-").splitlines()
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in lines)


def man_page(name, commands):
    summary = commands[0].help.splitlines()[0].rstrip(".")
    page = [f'.TH {name.upper()} 1 "" "Tutti" "User Commands"', ".SH NAME", f"{roff(name)} \\- {roff(summary)}"]
    for command in commands:
        title = " ".join([name, *command.words]) if command.words else "DESCRIPTION"
        page += [f'.SH "{roff(title)}"', ".nf", roff(command.help), ".fi"]
    return "\n".join(page) + "\n"


def prints(where, kind):
    """The command of NAMES, told which coordinator, silent where none answers."""
    command = NAMES[kind]
    return "{ " + (command.format(where=f'"{where}"') if "{where}" in command else f'{command} "{where}"') + "; } 2>/dev/null"


def bash_completion(name, commands):
    function = "_" + name.replace("-", "_")
    cases = [f'    "{" ".join(command.words)}") words="{" ".join([n for n, _ in command.subcommands] + command.flags())}"'
             f' kinds="{" ".join(command.kinds())}" ;;'
             for command in commands]
    names = [f'      {kind}) words+=" $({prints("${where[@]}", kind)})" ;;' for kind in NAMES]
    known = " ".join(f'"{" ".join(command.words)}"' for command in commands if command.words)
    return "\n".join([
        f"# bash completion of {name}; made from its --help",
        f"{function}() {{",
        "  local current=${COMP_WORDS[COMP_CWORD]} path='' word words='' kinds='' kind known i where=()",
        "  for ((i = 1; i < COMP_CWORD; i++)); do",
        "    word=${COMP_WORDS[i]}",
        '    if [[ $word == --dir || $word == --profile ]]; then where=("$word" "${COMP_WORDS[i + 1]}"); fi',
        f"    for known in {known or chr(39) * 2}; do",
        '      if [[ ${path:+$path }$word == "$known" ]]; then path=$known; break; fi',
        "    done",
        "  done",
        "  case $path in", *cases, "  esac",
        "  # Names are the coordinator's: it is asked only where one may stand.",
        "  if [[ $current == -* ]]; then kinds=''; fi",
        "  for kind in $kinds; do", "    case $kind in", *names, "    esac", "  done",
        '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
        "}",
        f"complete -o default -F {function} {name}", ""])


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def zsh_completion(name, commands):
    """zsh reads bash's: one set of rules to be wrong."""
    return "\n".join([f"#compdef {name}", "autoload -U +X bashcompinit && bashcompinit",
                      bash_completion(name, commands)])


def fish_completion(name, commands):
    lines = [f"# fish completion of {name}; made from its --help"]
    top = " ".join(n for n, _ in commands[0].subcommands)
    for command in commands:
        if not command.words:
            where = f"not __fish_seen_subcommand_from {top}" if top else ""
        else:
            where = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.words)
        condition = f" -n {quoted(where)}" if where else ""
        for sub, text in command.subcommands:
            lines.append(f"complete -c {name} -f{condition} -a {sub} -d {quoted(text)}")
        for kind in command.kinds():
            listed = "(" + NAMES[kind].replace("while read -r sweep; do", "while read sweep;").replace("; done", "; end").format(where="") + " 2>/dev/null)"
            lines.append(f"complete -c {name} -f{condition} -a {quoted(listed)} -d {kind}")
        for flags, text in command.options:
            spelled = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in flags)
            lines.append(f"complete -c {name}{condition} {spelled} -d {quoted(text)}")
    return "\n".join(lines) + "\n"


def main(binaries, out):
    for folder in ("man1", "bash", "zsh", "fish"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        commands = commands_of(binaries / name)
        (out / "man1" / f"{name}.1.gz").write_bytes(gzip.compress(man_page(name, commands).encode(), mtime=0))
        (out / "bash" / name).write_text(bash_completion(name, commands))
        (out / "zsh" / f"_{name}").write_text(zsh_completion(name, commands))
        (out / "fish" / f"{name}.fish").write_text(fish_completion(name, commands))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: guides.py BIN_DIR OUT_DIR")
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
