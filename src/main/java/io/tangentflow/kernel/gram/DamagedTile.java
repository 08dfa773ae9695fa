package io.tangentflow.kernel.gram;

import java.io.Serial;

/** A file that is not the tile that its name says. */
final class DamagedTile extends Exception {

  @Serial private static final long serialVersionUID = 1L;

  /**
   * @param why for a sentence that begins with the file
   */
  DamagedTile(String why) {
    super(why);
  }
}
