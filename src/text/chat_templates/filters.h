// The filters, by what they work on; all_filters.cpp has the table of names.
#pragma once

#include "text/chat_templates/builtins.h"

namespace adze::text::jinja::filter {

// text_filters.cpp
Value capitalize(Call& call);
Value center(Call& call);
Value escape(Call& call);
Value force_escape(Call& call);
Value format(Call& call);
Value indent(Call& call);
Value lower(Call& call);
Value replace(Call& call);
Value safe(Call& call);
Value string(Call& call);
Value strip_tags(Call& call);
Value title(Call& call);
Value to_json(Call& call);
Value trim(Call& call);
Value truncate(Call& call);
Value upper(Call& call);
Value url_encode(Call& call);
Value word_count(Call& call);
Value word_wrap(Call& call);
Value xml_attributes(Call& call);

// number_filters.cpp
Value absolute(Call& call);
Value file_size(Call& call);
Value to_float(Call& call);
Value to_integer(Call& call);
Value round(Call& call);

// sequence_filters.cpp
Value batch(Call& call);
Value first(Call& call);
Value items(Call& call);
Value join(Call& call);
Value last(Call& call);
Value length(Call& call);
Value list(Call& call);
Value reverse(Call& call);
Value slice(Call& call);
Value sum(Call& call);

// selection_filters.cpp
Value attribute(Call& call);
Value default_value(Call& call);
Value map(Call& call);
Value reject(Call& call);
Value reject_attribute(Call& call);
Value select(Call& call);
Value select_attribute(Call& call);

// order_filters.cpp
Value dict_sort(Call& call);
Value group_by(Call& call);
Value maximum(Call& call);
Value minimum(Call& call);
Value sort(Call& call);
Value unique(Call& call);

/// The value that "a.b.0" or 3 leads to inside `item`, undefined when there is none.
Value follow_path(const Value& item, const Value& path, Budget& budget);

}  // namespace adze::text::jinja::filter
