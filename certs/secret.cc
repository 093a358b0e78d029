#include "certs/secret.h"

#include <algorithm>

#include "certs/openssl.h"

namespace ntsbox::certs {

Secret::Secret(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
  std::copy(bytes.begin(), bytes.end(), bytes_.get());
}

Secret::~Secret() {
  OPENSSL_cleanse(bytes_.get(), size_);
}

}  // namespace ntsbox::certs
