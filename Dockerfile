# Breakwater as a container: as nobody in particular, on a root file system that may be read-only. Only /data is written.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package needs a script of its own to run here; the local Slack of the sandbox is left out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATABASE_URL=sqlite:/data/breakwater.db
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY migrations ./migrations
COPY runbooks ./runbooks
COPY src ./src
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# As package.json does. So much room for new objects takes the least memory in a storm: with less they are kept too long,
# with more the room itself counts. And a machine of two cores has none to spare for clearing it by several at once.
CMD ["node", "--max-semi-space-size=12", "--no-parallel-scavenge", "--heap-growing-percent=50", "src/main.js", "serve"]
