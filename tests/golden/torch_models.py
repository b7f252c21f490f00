"""The study's four models in plain PyTorch, every layer made in the constructor. Input [batch, 1, 128, frames].

Attribute names are those of Tutti's checkpoints. dropout=False makes every dropout probability 0.
"""

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = 10
MELS = 128


class CNN(nn.Module):
    def __init__(self, frames, dropout=True):
        super().__init__()
        before = 1
        for block, channels in enumerate((32, 64, 128), start=1):
            for number in (1, 2):
                self.add_module(f"conv{block}_{number}", nn.Conv2d(before, channels, 3, padding=1))
                self.add_module(f"bn{block}_{number}", nn.BatchNorm2d(channels))
                before = channels
        height, width = MELS, frames
        for _ in range(3):
            height, width = height // 2, width // 2
        self.fc1 = nn.Linear(before * height * width, 512)
        self.bn_fc1 = nn.BatchNorm1d(512)
        self.fc2 = nn.Linear(512, 256)
        self.bn_fc2 = nn.BatchNorm1d(256)
        self.fc3 = nn.Linear(256, CLASSES)
        p = 0.3 if dropout else 0.0
        self.drop_channels = nn.Dropout2d(p)
        self.drop = nn.Dropout(p)

    def forward(self, x):
        for block in (1, 2, 3):
            for number in (1, 2):
                conv, norm = getattr(self, f"conv{block}_{number}"), getattr(self, f"bn{block}_{number}")
                x = F.relu(norm(conv(x)))
            x = self.drop_channels(F.max_pool2d(x, 2))
        x = torch.flatten(x, start_dim=1)
        x = self.drop(F.relu(self.bn_fc1(self.fc1(x))))
        x = self.drop(F.relu(self.bn_fc2(self.fc2(x))))
        return self.fc3(x)


class CRNN2D(nn.Module):
    POOLS = ((2, 2), (4, 2), (4, 2), (4, 2))  # mels, frames

    def __init__(self, frames, dropout=True):
        super().__init__()
        self.bn0 = nn.BatchNorm2d(1)
        before, height = 1, MELS
        for block, (channels, pool) in enumerate(zip((64, 128, 128, 128), self.POOLS), start=1):
            self.add_module(f"conv{block}", nn.Conv2d(before, channels, 3, padding=1))
            self.add_module(f"bn{block}", nn.BatchNorm2d(channels))
            before, height = channels, height // pool[0]
        self.gru = nn.GRU(before * height, 32, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(64, CLASSES)
        self.drop_channels = nn.Dropout2d(0.1 if dropout else 0.0)
        self.drop = nn.Dropout(0.3 if dropout else 0.0)

    def forward(self, x):
        x = self.bn0(x)
        for block, pool in enumerate(self.POOLS, start=1):
            conv, norm = getattr(self, f"conv{block}"), getattr(self, f"bn{block}")
            x = self.drop_channels(F.max_pool2d(F.elu(norm(conv(x))), pool))
        batch, channels, height, width = x.shape
        x = x.permute(0, 3, 1, 2).reshape(batch, width, channels * height)
        steps, _ = self.gru(x)
        return self.fc(self.drop(steps[:, -1, :]))


class CRNN1D(nn.Module):
    def __init__(self, frames, dropout=True):
        super().__init__()
        self.conv1 = nn.Conv1d(MELS, 64, 5, padding=2)
        self.conv2 = nn.Conv1d(64, 128, 5, padding=2)
        self.conv3 = nn.Conv1d(128, 128, 5, padding=2)
        self.gru1 = nn.GRU(128, 64, batch_first=True)
        self.gru2 = nn.GRU(64, 64, batch_first=True)
        self.fc = nn.Linear(64, CLASSES)
        self.drop = nn.Dropout(0.2 if dropout else 0.0)

    def forward(self, x):
        x = x.squeeze(1)
        for conv in (self.conv1, self.conv2, self.conv3):
            x = self.drop(F.max_pool1d(F.relu(conv(x)), 2))
        steps, _ = self.gru1(x.permute(0, 2, 1))
        steps, _ = self.gru2(steps)
        return self.fc(self.drop(steps[:, -1, :]))


class RNN(nn.Module):
    def __init__(self, frames, dropout=True):
        super().__init__()
        self.lstm1 = nn.LSTM(MELS, 64, batch_first=True)
        self.lstm2 = nn.LSTM(64, 64, batch_first=True)
        self.fc = nn.Linear(64, CLASSES)
        self.drop = nn.Dropout(0.2 if dropout else 0.0)

    def forward(self, x):
        steps, _ = self.lstm1(x.squeeze(1).permute(0, 2, 1))
        steps, _ = self.lstm2(steps)
        return self.fc(self.drop(steps[:, -1, :]))


MODELS = {"cnn": CNN, "crnn1d": CRNN1D, "crnn2d": CRNN2D, "rnn": RNN}
SLICE_FRAMES = {1: 43, 3: 129, 5: 215, 10: 430}  # seconds: int(seconds × 22050 / 512)


def biases_before_batch_norm(name):
    """BatchNorm takes the mean away, and the bias with it: its gradient is rounding noise."""
    convs = {"cnn": [f"conv{block}_{number}" for block in (1, 2, 3) for number in (1, 2)] + ["fc1", "fc2"],
             "crnn2d": [f"conv{block}" for block in (1, 2, 3, 4)]}
    return {f"{module}.bias" for module in convs.get(name, [])}
