# Base images can come from a mirror: --build-arg NODE_IMAGE=... --build-arg RUNTIME_IMAGE=...
# Their names alone mean whatever is under them on the day of the build. A release names digests:
#   --build-arg NODE_IMAGE=node:24-bookworm-slim@sha256:... --build-arg SHELL_IMAGE=node:24-bookworm-slim@sha256:...
# They are not written here: a digest that nobody renews would keep old faults.
ARG NODE_IMAGE=node:24-bookworm-slim
# Anything with /bin/sh. Debian alone (debian:bookworm-slim) is smaller, but one more image to fetch.
ARG SHELL_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=scratch

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json LICENSE NOTICE ./
COPY src src
COPY build.ts ./
RUN npm run build:program
# Node's binary, the libraries it is linked with, and somebody to run as: nothing else is needed.
RUN mkdir -p /root-fs/usr/local/bin /root-fs/app /root-fs/etc /root-fs/tmp \
  && cp "$(command -v node)" /root-fs/usr/local/bin/node \
  && ldd /root-fs/usr/local/bin/node | grep -o '/[^ ]*' | sort -u \
  | while read -r library; do mkdir -p "/root-fs$(dirname "$library")" && cp -L "$library" "/root-fs$library"; done \
  && cp -r dist/. LICENSE NOTICE /root-fs/app/ \
  # The licenses of Node and of the libraries, where the base image has them.
  && for file in /usr/local/LICENSE /usr/share/doc/libc6/copyright /usr/share/doc/libgcc-s1/copyright \
  /usr/share/doc/libstdc++6/copyright; do if [ -e "$file" ]; then \
  mkdir -p "/root-fs$(dirname "$file")" && cp -L "$file" "/root-fs$file"; fi; done \
  && echo '{"type":"module"}' > /root-fs/app/package.json \
  # "rollcall" as a command of its own, for probes: without env and a shell its first line says where Node is.
  && sed -i '1s|.*|#!/usr/local/bin/node|' /root-fs/app/main.js && chmod 755 /root-fs/app/main.js \
  && ln -s /app/main.js /root-fs/usr/local/bin/rollcall \
  && echo 'rollcall:x:17655:17655:rollcall:/:/sbin/nologin' > /root-fs/etc/passwd \
  && echo 'rollcall:x:17655:' > /root-fs/etc/group

# What "rollcall install" makes: the runtime and its launchers, for images that have a shell.
FROM build AS installed
RUN node dist/main.js install /opt/rollcall

# --target shell: the same with a shell and coreutils, for scripts that run in this image.
FROM ${SHELL_IMAGE} AS shell
COPY --from=installed /opt/rollcall/ /opt/rollcall/
USER 17655:17655
ENV PATH=/opt/rollcall:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_ENV=production
ENTRYPOINT ["/opt/rollcall/rollcall"]
CMD ["--help"]

# The default: no shell, nothing but Node.
FROM ${RUNTIME_IMAGE}
COPY --from=build /root-fs/ /
USER 17655:17655
ENV PATH=/usr/local/bin NODE_ENV=production
ENTRYPOINT ["/usr/local/bin/node", "/app/main.js"]
CMD ["--help"]
