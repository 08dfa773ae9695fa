package io.tangentflow.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Locale;

/** A little of each public data set in the format that it is published in. */
public final class TinyData {

  /** Samples of each: as many as the smallest experiments ask for. */
  private static final int SAMPLES = 300;

  private TinyData() {}

  /**
   * Writes {@code mnist}, {@code fashion-mnist}, {@code cifar10}, {@code agnews} and {@code
   * daily-climate}, and files {@code data.csv} and {@code X.npy}. Images are the built-in digits,
   * enlarged.
   */
  public static void write(Path directory) throws IOException {
    Dataset digits = new Digits().load(SAMPLES, 0);
    int[] labels = digits.classes().orElseThrow().labels();
    for (String name : new String[] {"mnist", "fashion-mnist"}) {
      Path idx = Files.createDirectories(directory.resolve(name));
      for (String part : new String[] {"train", "t10k"}) {
        gzip(idx.resolve(part + "-images-idx3-ubyte.gz"), images(digits));
        gzip(idx.resolve(part + "-labels-idx1-ubyte.gz"), labels(labels));
      }
    }
    Path cifar = Files.createDirectories(directory.resolve("cifar10"));
    gzip(cifar.resolve("data_batch_1.bin.gz"), coloured(digits, labels));
    Path news = Files.createDirectories(directory.resolve("agnews"));
    Files.writeString(news.resolve("train.csv"), news());
    Path climate = Files.createDirectories(directory.resolve("daily-climate"));
    Files.writeString(climate.resolve("DailyDelhiClimateTrain.csv"), climate());
    Files.writeString(directory.resolve("data.csv"), table(digits, labels));
    Npy.write(
        directory.resolve("X.npy"), digits.subset(40, 0).inputs().transpose(), ElementType.FP64);
  }

  private static void gzip(Path file, byte[] content) throws IOException {
    Files.write(file, Gzip.pack(content));
  }

  private static byte[] images(Dataset digits) {
    ByteBuffer bytes = ByteBuffer.allocate(16 + SAMPLES * 28 * 28);
    bytes.putInt(2051).putInt(SAMPLES).putInt(28).putInt(28);
    for (int j = 0; j < SAMPLES; j++) {
      putPixels(digits, j, 28, bytes);
    }
    return bytes.array();
  }

  private static byte[] labels(int[] labels) {
    ByteBuffer bytes = ByteBuffer.allocate(8 + SAMPLES);
    bytes.putInt(2049).putInt(SAMPLES);
    for (int label : labels) {
      bytes.put((byte) label);
    }
    return bytes.array();
  }

  private static byte[] coloured(Dataset digits, int[] labels) {
    ByteBuffer bytes = ByteBuffer.allocate(SAMPLES * (1 + 3 * 32 * 32));
    for (int j = 0; j < SAMPLES; j++) {
      bytes.put((byte) labels[j]);
      for (int colour = 0; colour < 3; colour++) {
        putPixels(digits, (j + colour) % SAMPLES, 32, bytes);
      }
    }
    return bytes.array();
  }

  /** The 8 × 8 numbers from 0 to 16 of a digit as side × side bytes. */
  private static void putPixels(Dataset digits, int sample, int side, ByteBuffer bytes) {
    for (int row = 0; row < side; row++) {
      for (int column = 0; column < side; column++) {
        int pixel = row * 8 / side * 8 + column * 8 / side;
        bytes.put((byte) (15 * digits.inputs().get(pixel, sample)));
      }
    }
  }

  private static String news() {
    StringBuilder csv = new StringBuilder();
    for (int j = 0; j < SAMPLES; j++) {
      int topic = j % 4;
      csv.append(
          String.format(
              Locale.ROOT,
              "\"%d\",\"Word%d and word%d\",\"About subject%d on day%d\"%n",
              topic + 1,
              topic,
              j % 37,
              topic * 10 + j % 7,
              j));
    }
    return csv.toString();
  }

  private static String climate() {
    StringBuilder csv = new StringBuilder("date,meantemp,humidity,wind_speed,meanpressure\n");
    for (int day = 0; day < SAMPLES + 20; day++) {
      csv.append(LocalDate.of(2013, 1, 1).plusDays(day))
          .append(
              String.format(
                  Locale.ROOT,
                  ",%.3f,%d,%d,1015%n",
                  25 - 10 * Math.cos(day / 58.0) + day * 7 % 5,
                  60 + day * 13 % 30,
                  day * 5 % 9));
    }
    return csv.toString();
  }

  private static String table(Dataset digits, int[] labels) {
    StringBuilder csv = new StringBuilder("a,b,c,d,label\n");
    for (int j = 0; j < 40; j++) {
      for (int feature : new int[] {10, 20, 30, 40}) {
        csv.append(digits.inputs().get(feature, j) + 0.01 * j).append(',');
      }
      csv.append(labels[j] % 2).append('\n');
    }
    return csv.toString();
  }
}
