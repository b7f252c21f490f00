"""What makes a genre of the demo set sound like one: grooves of MMA's library, tempo, harmony, instruments.

A progression is a list of (semitones above the key, chord quality as MMA writes it).
Voices replace the groove's own instruments (General MIDI names as MMA writes them).
"""

MAJOR_KEYS = ["C", "D", "E", "F", "G", "A", "Bb", "Eb"]

# Chord roots by semitone, in flats as MMA reads them.
ROOTS = ["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]

TWELVE_BARS = [(0, "7"), (5, "7"), (0, "7"), (0, "7"), (5, "7"), (5, "7"), (0, "7"), (0, "7"),
               (7, "7"), (5, "7"), (0, "7"), (7, "7")]
FOUR_CHORDS = [(0, ""), (7, ""), (9, "m"), (5, "")]
DOO_WOP = [(0, ""), (9, "m"), (5, ""), (7, "")]
TWO_FIVE_ONE = [(2, "m7"), (7, "7"), (0, "M7"), (9, "7")]
RHYTHM = [(0, "M7"), (9, "m7"), (2, "m7"), (7, "7")]
MINOR_TURN = [(0, "m"), (8, ""), (3, ""), (10, "")]
POWER = [(0, "5"), (10, "5"), (8, "5"), (7, "5")]
CHROMATIC_POWER = [(0, "5"), (1, "5"), (0, "5"), (6, "5")]
COUNTRY = [(0, ""), (5, ""), (0, ""), (7, "7")]
SOUL = [(0, "m7"), (5, "7"), (0, "m7"), (10, "M7")]
ONE_CHORD = [(0, "m7"), (0, "m7"), (5, "m7"), (0, "m7")]
SKANK = [(0, ""), (5, ""), (0, ""), (7, "")]
SKANK_MINOR = [(0, "m"), (5, "m"), (0, "m"), (7, "m")]
CADENCE = [(0, ""), (5, ""), (7, ""), (0, ""), (9, "m"), (2, "m"), (7, "7"), (0, "")]
MINOR_CADENCE = [(0, "m"), (5, "m"), (7, "7"), (0, "m"), (8, ""), (3, ""), (7, "7"), (0, "m")]

GENRES = {
    "blues": {
        "grooves": ["Blues", "SlowBlues", "Blues128", "ShuffleBoggie", "CountryBlues"],
        "tempo": (70, 118),
        "progressions": [TWELVE_BARS, TWELVE_BARS[4:] + TWELVE_BARS[:4]],
        "voices": [{"Piano1": "JazzGuitar"}, {"Piano1": "Organ1"}, {"Piano1": "ChurchOrgan"},
                   {"Piano1": "Harmonica"}],
    },
    "classical": {
        "grooves": ["Arpeggio48", "ArpeggioWaltz", "StringBallad", "Hymn", "VieneseWaltz"],
        "tempo": (66, 120),
        "progressions": [CADENCE, MINOR_CADENCE],
        "voices": [{"Piano1": "Strings"}, {"Piano1": "HarpsiChord"}, {"Piano1": "OrchestralHarp"},
                   {"Piano1": "Piano1", "JazzGuitar": "Violin"}],
    },
    "country": {
        "grooves": ["CountrySwing", "SlowCountry", "BlueGrass", "HillCountry", "WesternSwing"],
        "tempo": (96, 168),
        "progressions": [COUNTRY, SKANK, FOUR_CHORDS],
        "voices": [{"Piano1": "SteelGuitar"}, {"Piano1": "Banjo"}, {"Piano1": "Fiddle"},
                   {"JazzGuitar": "SteelGuitar"}],
    },
    "disco": {
        "grooves": ["Trance", "Trance1", "Trance2", "TranceBass1", "BoneyMSus"],
        "tempo": (112, 132),
        "progressions": [SOUL, MINOR_TURN, FOUR_CHORDS],
        "voices": [{"Piano1": "Strings"}, {"Piano1": "SynthStrings1"}, {"Piano1": "EPiano"},
                   {"Piano1": "SynthBrass1"}],
    },
    "hiphop": {
        "grooves": ["BVFunk", "BVFunkSus", "DSoul", "DSoulPlus", "R&B"],
        "tempo": (78, 98),
        "progressions": [ONE_CHORD, MINOR_TURN],
        "voices": [{"Piano1": "RhodesPiano", "FingeredBass": "SynthBass1"},
                   {"Piano1": "Vibraphone", "FingeredBass": "SynthBass2"},
                   {"Piano1": "SynthBrass2", "FingeredBass": "SynthBass1"},
                   {"Piano1": "Kalimba", "FingeredBass": "SynthBass2"}],
    },
    "jazz": {
        "grooves": ["JazzCombo", "BeBop", "ModernJazz", "NiteJazz", "Swing"],
        "tempo": (104, 190),
        "progressions": [TWO_FIVE_ONE, RHYTHM],
        "voices": [{"JazzGuitar": "Piano1"}, {"Piano1": "Vibraphone"}, {"Piano1": "JazzGuitar"},
                   {"Strings": "TenorSax"}],
    },
    "metal": {
        "grooves": ["BasicRock", "Rock128", "8Beat", "50sRock", "60sRock"],
        "tempo": (132, 184),
        "progressions": [POWER, CHROMATIC_POWER],
        "voices": [{"Piano1": "DistortionGuitar", "Piano2": "DistortionGuitar",
                    "JazzGuitar": "DistortionGuitar", "CleanGuitar": "DistortionGuitar",
                    "Strings": "DistortionGuitar", "NylonGuitar": "DistortionGuitar",
                    "SteelGuitar": "DistortionGuitar"},
                   {"Piano1": "OverDriveGuitar", "Piano2": "DistortionGuitar",
                    "JazzGuitar": "OverDriveGuitar", "CleanGuitar": "DistortionGuitar",
                    "Strings": "DistortionGuitar", "NylonGuitar": "OverDriveGuitar",
                    "SteelGuitar": "OverDriveGuitar"}],
    },
    "pop": {
        "grooves": ["8Beat", "PopBallad", "SoftRock", "BubbleRock", "PianoBallad"],
        "tempo": (88, 124),
        "progressions": [FOUR_CHORDS, DOO_WOP],
        "voices": [{"Piano1": "Piano2"}, {"Piano1": "EPiano"}, {"Strings": "PolySynth"},
                   {"JazzGuitar": "CleanGuitar"}],
    },
    "reggae": {
        "grooves": ["Ska", "SkaSus", "Calypso", "Ska1", "Ska1Sus"],
        "tempo": (72, 104),
        "progressions": [SKANK, SKANK_MINOR],
        "voices": [{"Piano1": "Organ3"}, {"Piano1": "MutedGuitar"}, {"Piano1": "CleanGuitar"},
                   {"Piano1": "SteelDrums"}],
    },
    "rock": {
        "grooves": ["BasicRock", "FolkRock", "Rock128", "60sRock", "RockBallad"],
        "tempo": (104, 144),
        "progressions": [FOUR_CHORDS, SKANK, MINOR_TURN],
        "voices": [{"Piano1": "CleanGuitar", "Strings": "OverDriveGuitar"},
                   {"Piano1": "OverDriveGuitar"}, {"Piano1": "Organ2", "JazzGuitar": "CleanGuitar"},
                   {"Piano1": "SteelGuitar", "Strings": "OverDriveGuitar"}],
    },
}
