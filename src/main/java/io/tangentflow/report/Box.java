package io.tangentflow.report;

/** An upright rectangle in pixels. */
record Box(double left, double top, double right, double bottom) {

  static Box around(double x, double y, double radius) {
    return new Box(x - radius, y - radius, x + radius, y + radius);
  }

  boolean intersects(Box other) {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
}
