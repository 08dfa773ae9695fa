# Either image with Spark's jars, for all machines of a cluster. After theirs:
#   docker build -f docker/spark.Dockerfile -t tangentflow:spark .
#   docker build -f docker/spark.Dockerfile -t tangentflow:spark-cpu --build-arg PROGRAM=tangentflow:cpu .
ARG PROGRAM=tangentflow:cuda

FROM debian:bookworm-20250520-slim AS jars
# man1: Java's alternatives have pages, and dpkg fails where there is no place for them.
RUN mkdir -p /usr/share/man/man1 \
  && apt-get update \
  && apt-get install -y --no-install-recommends maven openjdk-17-jdk-headless \
  && rm -rf /var/lib/apt/lists/*
COPY src/dist/spark/pom.xml /src/pom.xml
RUN --mount=type=cache,target=/root/.m2 \
  mvn -B -ntp -q -f /src/pom.xml dependency:copy-dependencies -DoutputDirectory=/opt/spark/jars

FROM ${PROGRAM}
COPY --from=jars /opt/spark /opt/spark
ENV SPARK_HOME=/opt/spark
# The volume of the cluster's secret takes its owner from this directory.
USER 0:0
RUN install -d -o 10001 -g 10001 /opt/spark/conf
USER 10001:10001
# The services of a cluster have their own; a single command of it need not.
HEALTHCHECK NONE
