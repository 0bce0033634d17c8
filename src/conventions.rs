#![cfg_attr(all(doc, feature = "full"), doc = include_str!("guide_links.md"))]
#![doc = include_str!("../docs/conventions.md")]
