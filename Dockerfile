# Base images can come from a mirror: --build-arg NODE_IMAGE=... --build-arg RUNTIME_IMAGE=...
ARG NODE_IMAGE=node:24-bookworm-slim
ARG RUNTIME_IMAGE=scratch

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src src
RUN npm run build:program
# Node's binary, the libraries it is linked with, and somebody to run as: nothing else is needed.
RUN mkdir -p /root-fs/usr/local/bin /root-fs/app /root-fs/etc /root-fs/tmp \
  && cp "$(command -v node)" /root-fs/usr/local/bin/node \
  && ldd /root-fs/usr/local/bin/node | grep -o '/[^ ]*' | sort -u \
  | while read -r library; do mkdir -p "/root-fs$(dirname "$library")" && cp -L "$library" "/root-fs$library"; done \
  && cp -r dist/. /root-fs/app/ \
  && echo '{"type":"module"}' > /root-fs/app/package.json \
  && echo 'rollcall:x:65532:65532:rollcall:/:/sbin/nologin' > /root-fs/etc/passwd \
  && echo 'rollcall:x:65532:' > /root-fs/etc/group

FROM ${RUNTIME_IMAGE}
COPY --from=build /root-fs/ /
USER 65532:65532
ENV PATH=/usr/local/bin NODE_ENV=production
ENTRYPOINT ["/usr/local/bin/node", "/app/main.js"]
CMD ["--help"]
