# TangentFlow on an NVIDIA GPU: the program of the image for the CPU, on NVIDIA's. After that one:
#   docker build -f docker/cuda.Dockerfile -t tangentflow:cuda .
#   docker run --rm --gpus all tangentflow:cuda info
ARG PROGRAM=tangentflow:cpu

FROM ${PROGRAM} AS program

# The driver's libcuda.so.1 and nvidia-smi come from the host, by NVIDIA's container toolkit, which this
# base asks for them.
FROM nvidia/cuda:12.6.3-base-ubuntu24.04
LABEL org.opencontainers.image.title="TangentFlow" \
  org.opencontainers.image.description="Neural ODEs and their neural tangent kernels at large width, on NVIDIA GPUs" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.version="0.1.0"
# What JCuda links with. NVIDIA's image named runtime has them too, and many more.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libcublas-12-6 libcurand-12-6 \
  && rm -rf /var/lib/apt/lists/* \
  && echo /usr/local/cuda-12.6/targets/x86_64-linux/lib >/etc/ld.so.conf.d/tangentflow.conf \
  && ldconfig \
  && ldconfig -p | grep -q 'libcublas\.so\.12 ' \
  && ldconfig -p | grep -q 'libcurand\.so\.10 '
RUN groupadd --gid 10001 tangentflow \
  && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin tangentflow \
  && install -d -o 10001 -g 10001 /data
COPY --from=program /opt /opt
# The results have letters that are not in ASCII.
ENV JAVA_HOME=/opt/java \
  LANG=C.UTF-8 \
  PATH=/opt/tangentflow/bin:/opt/java/bin:${PATH}
USER 10001:10001
WORKDIR /data
# Healthy where the GPU is usable; what it prints says why not.
HEALTHCHECK --interval=5m --timeout=60s --start-period=60s \
  CMD tangentflow info --json \
  | awk '1; /"name" : / { wanted = /"cuda"/ } wanted && /"usable" : true/ { usable = 1 } END { exit !usable }'
ENTRYPOINT ["tangentflow"]
CMD ["--help"]
