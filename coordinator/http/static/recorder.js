// A recording as a WAV file: what browsers record by themselves is a format that only browsers read.
import {wav} from './listen.js';

export class Recorder {
  // onFault: what was recorded cannot be read.
  constructor(seconds, onDone, onFault) {
    this.seconds = seconds;
    this.onDone = onDone;
    this.onFault = onFault;
    this.isRunning = false;
  }

  // onTick: once a second, with the seconds left. onEnd: when it has ended, however it did.
  async start(onTick, onEnd) {
    const stream = await navigator.mediaDevices.getUserMedia({audio: true});
    const media = new MediaRecorder(stream);
    const parts = [];
    this.media = media;
    this.isRunning = true;
    let left = this.seconds;
    onTick(left);
    const timer = setInterval(() => --left > 0 ? onTick(left) : this.stop(), 1000);
    media.addEventListener('dataavailable', (event) => parts.push(event.data));
    media.addEventListener('stop', async () => {
      clearInterval(timer);
      this.isRunning = false;
      for (const track of stream.getTracks()) track.stop();
      onEnd();
      let bytes;
      try {
        bytes = await this.convert(new Blob(parts));
      } catch (error) {
        return this.onFault(error);
      }
      this.onDone(bytes);
    });
    media.start();
  }

  stop() { if (this.media?.state === 'recording') this.media.stop(); }

  async convert(blob) {
    const rate = 22050;
    const context = new OfflineAudioContext(1, rate, rate);
    const audio = await context.decodeAudioData(await blob.arrayBuffer());
    const samples = audio.getChannelData(0);
    return wav(samples.length / rate, (time) => samples[Math.min(Math.round(time * rate), samples.length - 1)], rate);
  }
}
