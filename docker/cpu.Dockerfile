# TangentFlow on the CPU. From the repository's root:
#   docker build -f docker/cpu.Dockerfile -t tangentflow:cpu .

FROM debian:bookworm-20250520-slim AS build
# man1: Java's alternatives have pages, and dpkg fails where there is no place for them.
RUN mkdir -p /usr/share/man/man1 \
  && apt-get update \
  && apt-get install -y --no-install-recommends maven openjdk-17-jdk-headless \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY LICENSE NOTICE pom.xml ./
COPY .mvn .mvn
COPY src src
# exec.skip: the class-data archive is made below, by the JVM and in the place that it is for.
RUN --mount=type=cache,target=/root/.m2 \
  mvn -B -ntp -q -DskipTests -Dexec.skip package \
  && cp -a target/tangentflow /opt/tangentflow
# All of Java SE, and what Spark, Hadoop and TLS look up at run time.
RUN jlink --output /opt/java --no-header-files --no-man-pages --generate-cds-archive \
  --add-modules java.se,jdk.crypto.ec,jdk.incubator.vector,jdk.management,jdk.security.auth,jdk.unsupported,jdk.zipfs
RUN JAVA_HOME=/opt/java \
  TANGENTFLOW_OPTS="-XX:ArchiveClassesAtExit=/opt/tangentflow/lib/tangentflow.jsa -Xlog:disable -Xlog:all=error:stderr" \
  /opt/tangentflow/bin/tangentflow ntk --samples=4 --width=16 --quiet >/dev/null \
  && test -s /opt/tangentflow/lib/tangentflow.jsa

FROM debian:bookworm-20250520-slim
LABEL org.opencontainers.image.title="TangentFlow" \
  org.opencontainers.image.description="Neural ODEs and their neural tangent kernels at large width, on the CPU" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
RUN groupadd --gid 10001 tangentflow \
  && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin tangentflow \
  && install -d -o 10001 -g 10001 /data
COPY --from=build /opt /opt
# The results have letters that are not in ASCII.
ENV JAVA_HOME=/opt/java \
  LANG=C.UTF-8 \
  PATH=/opt/tangentflow/bin:/opt/java/bin:${PATH}
USER 10001:10001
WORKDIR /data
# Healthy where it is as fast as can be; what it prints says why not.
HEALTHCHECK --interval=5m --timeout=30s --start-period=30s \
  CMD tangentflow info --json \
  | awk '1; /"reason" : "OpenBLAS .* Vector API/ { fast = 1 } END { exit !fast }'
ENTRYPOINT ["tangentflow"]
CMD ["--help"]
