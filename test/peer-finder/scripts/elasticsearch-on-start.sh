#!/bin/bash
# After the pattern of the Elasticsearch images: a template is filled in, and most nodes make a quorum.
hosts=()
while IFS= read -r node; do
  [ -n "$node" ] && hosts+=("\"$node\"")
done
quorum=$((${#hosts[@]} / 2 + 1))
list=$(printf ',%s' "${hosts[@]}")
sed -e "s/@HOSTS@/[${list:1}]/" -e "s/@QUORUM@/$quorum/" "$CONF_DIR/elasticsearch.tmpl" >"$CONF_DIR/elasticsearch.yml"
echo "elasticsearch: quorum of $quorum" >&2
