package io.tangentflow.report;

/** Shapes that stay apart in print and without colour, about nine pixels across. */
enum Marker {
  CIRCLE("M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z"),
  SQUARE("M-3.6,-3.6h7.2v7.2h-7.2z"),
  TRIANGLE("M0,-5L4.7,3.4H-4.7z"),
  DIAMOND("M0,-5.2L4.6,0L0,5.2L-4.6,0z"),
  DOWN("M0,5L4.7,-3.4H-4.7z"),
  PLUS("M-1.5,-4.7h3v3.2h3.2v3h-3.2v3.2h-3v-3.2h-3.2v-3h3.2z"),
  CROSS(
      "M0,-2.1L2.4,-4.5L4.5,-2.4L2.1,0L4.5,2.4L2.4,4.5L0,2.1L-2.4,4.5L-4.5,2.4L-2.1,0L-4.5,-2.4"
          + "L-2.4,-4.5z"),
  BOW("M-4.6,-4L4.6,4V-4L-4.6,4z");

  /** Half the extent of the largest shape in pixels. */
  static final double RADIUS = 5.2;

  private final String path;

  Marker(String path) {
    this.path = path;
  }

  static Marker ofSeries(int index) {
    return values()[index % values().length];
  }

  SvgTag at(double x, double y) {
    return new SvgTag("g")
        .attr("class", "tf-marker")
        .attr("transform", "translate(" + SvgTag.pixels(x) + "," + SvgTag.pixels(y) + ")")
        .with(
            new SvgTag("path")
                .attr("class", "tf-halo")
                .attr("d", path)
                .attr("fill", "currentColor"));
  }
}
