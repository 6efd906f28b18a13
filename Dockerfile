# One signaler node. `docker compose up` starts three of them with Redis and a proxy.

# Every dependency, those for building and testing too; cached until package*.json change.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci

FROM dependencies AS build
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM dependencies AS production-dependencies
RUN npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=production-dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
USER node
EXPOSE 18080

# Whether the process answers, not whether Redis does: a restart would not bring Redis back, and would cut calls.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SIGNALER_PORT || 18080}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

# Node itself, without npm or a shell in between: they would not pass SIGTERM on, and the node could not drain.
CMD ["node", "dist/cli.js", "serve"]
